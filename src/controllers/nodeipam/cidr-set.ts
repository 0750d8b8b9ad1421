/** An address range that is given out in parts of equal size; no part twice at once. */
export class CidrSet {
  readonly size: number;
  readonly #base: bigint;
  readonly #bits: number;
  readonly #partPrefix: number;
  readonly #prefix: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** @throws Error when the text is no range or the parts do not fit into it. */
  constructor(cidr: string, partPrefix: number) {
    const [address = "", prefixText = ""] = cidr.split("/");
    this.#bits = address.includes(":") ? 128 : 32;
    this.#prefix = Number(prefixText);
    this.#partPrefix = partPrefix;
    const fits =
      Number.isInteger(this.#prefix) &&
      this.#prefix <= partPrefix &&
      partPrefix <= this.#bits &&
      partPrefix - this.#prefix <= 24;
    if (!fits) throw new Error(`cannot take /${partPrefix} parts out of ${cidr}`);
    this.size = 2 ** (partPrefix - this.#prefix);
    const hostBits = BigInt(this.#bits - this.#prefix);
    this.#base = (parseAddress(address) >> hostBits) << hostBits;
  }

  /** The next free part after the one given last; undefined when all are taken. */
  allocate(): string | undefined {
    for (let tries = 0; tries < this.size; tries++) {
      const index = (this.#next + tries) % this.size;
      if (this.#used.has(index)) continue;
      this.#used.add(index);
      this.#next = (index + 1) % this.size;
      return this.#part(index);
    }
    return undefined;
  }

  /** Marks what is taken already; parts of other ranges are none of ours. */
  occupy(cidr: string): void {
    const index = this.#indexOf(cidr);
    if (index !== undefined) this.#used.add(index);
  }

  release(cidr: string): void {
    const index = this.#indexOf(cidr);
    if (index !== undefined) this.#used.delete(index);
  }

  #part(index: number): string {
    const address = this.#base + (BigInt(index) << BigInt(this.#bits - this.#partPrefix));
    return `${formatAddress(address, this.#bits)}/${this.#partPrefix}`;
  }

  #indexOf(cidr: string): number | undefined {
    const [address = ""] = cidr.split("/");
    if (address.includes(":") !== (this.#bits === 128)) return undefined;
    const index = (parseAddress(address) - this.#base) >> BigInt(this.#bits - this.#partPrefix);
    return index >= 0n && index < BigInt(this.size) ? Number(index) : undefined;
  }
}

function parseAddress(text: string): bigint {
  if (!text.includes(":")) {
    const octets = text.split(".").map(Number);
    const valid = octets.length === 4 && octets.every((octet) => Number.isInteger(octet) && octet >= 0 && octet <= 255);
    if (!valid) throw new Error(`${text} is no IP address`);
    return octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  }
  const [head = "", tail] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}

function formatAddress(address: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  return compressZeros(groups);
}

/** The longest run of zero groups is left out. */
function compressZeros(groups: readonly string[]): string {
  const text = groups.join(":");
  const runs = text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), "");
  if (longest === "") return text;
  const shortened = text.replace(longest, longest.startsWith(":") ? ":" : "::");
  return shortened.endsWith(":") && !shortened.endsWith("::")
    ? `${shortened}:`
    : shortened.replace(/^::?(?=[^:])/, "::");
}
