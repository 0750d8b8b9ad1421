/** The addresses of one node's pods, given out in turn, so that one that was just released is not at once another's. */
export class PodAddresses {
  readonly #first: number;
  readonly #last: number;
  readonly #taken = new Set<number>();
  #next: number;

  /** @param cidr the node's pod range; its first address is the bridge's. */
  constructor(cidr: string) {
    const [base = "", bits = ""] = cidr.split("/");
    const size = 2 ** (32 - Number(bits));
    const network = parseIPv4(base);
    if (network === undefined || !(size >= 4)) {
      throw new Error(`simulated nodes need an IPv4 pod range with room for pods, not ${JSON.stringify(cidr)}`);
    }
    this.#first = network + 2;
    this.#last = network + size - 2;
    this.#next = this.#first;
  }

  /** Whether it is an address that a pod of this range may have. */
  includes(ip: string): boolean {
    const address = parseIPv4(ip);
    return address !== undefined && address >= this.#first && address <= this.#last;
  }

  /** Undefined when none is free. */
  take(): string | undefined {
    const room = this.#last - this.#first + 1;
    for (let tried = 0; tried < room; tried++) {
      const address = this.#next;
      this.#next = address === this.#last ? this.#first : address + 1;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return formatIPv4(address);
    }
    return undefined;
  }

  /** Takes a certain one, as a pod that already runs has it; false when it is another's or not of this range. */
  reserve(ip: string): boolean {
    const address = parseIPv4(ip);
    if (address === undefined || address < this.#first || address > this.#last) return false;
    if (this.#taken.has(address)) return false;
    this.#taken.add(address);
    return true;
  }

  release(ip: string): void {
    const address = parseIPv4(ip);
    if (address !== undefined) this.#taken.delete(address);
  }
}

function parseIPv4(text: string): number | undefined {
  const parts = text.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function formatIPv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
