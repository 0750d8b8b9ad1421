import { type IPAddress, parseIPAddress } from "../../meta/index.ts";
import type { Environment } from "../library.ts";
import { type Register, registerClass } from "./register.ts";

const bitsOf = { IPv4: 32n, IPv6: 128n } as const;

/** An IP address, or a network: an address and how many of its bits count. */
class IPValue {
  readonly address: IPAddress;

  constructor(address: IPAddress) {
    this.address = address;
  }

  toString(): string {
    return textOf(this.address);
  }
}

class CIDRValue {
  readonly address: IPAddress;
  readonly length: bigint;

  constructor(address: IPAddress, length: bigint) {
    this.address = address;
    this.length = length;
  }

  contains(other: IPAddress): boolean {
    if (other.family !== this.address.family) return false;
    const shift = bitsOf[other.family] - this.length;
    return other.value >> shift === this.address.value >> shift;
  }

  masked(): CIDRValue {
    const shift = bitsOf[this.address.family] - this.length;
    return new CIDRValue({ ...this.address, value: (this.address.value >> shift) << shift }, this.length);
  }

  toString(): string {
    return `${textOf(this.address)}/${this.length}`;
  }
}

/** `ip.isCanonical(text)` is beside the function `ip(text)`. */
class IPNamespace {}

const ip = "net.IP";
const cidr = "net.CIDR";

export function registerAddresses(environment: Environment, register: Register): void {
  registerClass(environment, ip, IPValue);
  registerClass(environment, cidr, CIDRValue);
  register("isIP(string): bool", (text: string) => tryIP(text) !== undefined);
  register(`ip(string): ${ip}`, (text: string) => new IPValue(toIP(text)));
  register("isCIDR(string): bool", (text: string) => tryCIDR(text) !== undefined);
  register(`cidr(string): ${cidr}`, toCIDR);
  register(`string(${ip}): string`, String);
  register(`string(${cidr}): string`, String);
  registerIPs(environment, register);
  registerCIDRs(environment, register);
}

function registerIPs(environment: Environment, register: Register): void {
  const has = (name: string, test: (address: IPAddress) => boolean) =>
    register(`${ip}.${name}(): bool`, ({ address }: IPValue) => test(address));
  const within = (...networks: string[]) => {
    const all = networks.map(toCIDR);
    return (address: IPAddress) => all.some((network) => network.contains(address));
  };
  register(`${ip}.family(): int`, ({ address }: IPValue) => (address.family === "IPv4" ? 4n : 6n));
  registerClass(environment, "net.IPs", IPNamespace);
  environment.registerConstant("ip", "net.IPs", new IPNamespace());
  register("net.IPs.isCanonical(string): bool", (_: unknown, text: string) => textOf(toIP(text)) === text);
  has("isUnspecified", ({ value }) => value === 0n);
  has("isLoopback", within("127.0.0.0/8", "::1/128"));
  has("isLinkLocalMulticast", within("224.0.0.0/24", "ff02::/16"));
  has("isLinkLocalUnicast", within("169.254.0.0/16", "fe80::/10"));
  const special = within(
    ...["0.0.0.0/32", "255.255.255.255/32", "127.0.0.0/8", "224.0.0.0/4", "169.254.0.0/16"],
    ...["::/128", "::1/128", "ff00::/8", "fe80::/10"],
  );
  has("isGlobalUnicast", (address) => !special(address));
  environment.registerOperator(`${ip} == ${ip}`, (a: IPValue, b: IPValue) => same(a.address, b.address));
}

function registerCIDRs(environment: Environment, register: Register): void {
  register(`${cidr}.containsIP(string): bool`, (network: CIDRValue, text: string) => network.contains(toIP(text)));
  register(`${cidr}.containsIP(${ip}): bool`, (network: CIDRValue, { address }: IPValue) => network.contains(address));
  const covers = (outer: CIDRValue, inner: CIDRValue) => outer.length <= inner.length && outer.contains(inner.address);
  register(`${cidr}.containsCIDR(string): bool`, (outer: CIDRValue, text: string) => covers(outer, toCIDR(text)));
  register(`${cidr}.containsCIDR(${cidr}): bool`, covers);
  register(`${cidr}.ip(): ${ip}`, ({ address }: CIDRValue) => new IPValue(address));
  register(`${cidr}.masked(): ${cidr}`, (network: CIDRValue) => network.masked());
  register(`${cidr}.prefixLength(): int`, ({ length }: CIDRValue) => length);
  environment.registerOperator(
    `${cidr} == ${cidr}`,
    (a: CIDRValue, b: CIDRValue) => a.length === b.length && same(a.address, b.address),
  );
}

function same(a: IPAddress, b: IPAddress): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Only the strict forms: no leading zeros, no IPv4 address in IPv6 clothes. */
function tryIP(text: string): IPAddress | undefined {
  const address = parseIPAddress(text);
  return address === undefined || address.leadingZeros || address.mapped ? undefined : address;
}

function toIP(text: string): IPAddress {
  const address = tryIP(text);
  if (address === undefined) {
    throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  }
  return address;
}

function tryCIDR(text: string): CIDRValue | undefined {
  const slash = text.lastIndexOf("/");
  const address = tryIP(text.slice(0, Math.max(slash, 0)));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
  return BigInt(length) > bitsOf[address.family] ? undefined : new CIDRValue(address, BigInt(length));
}

function toCIDR(text: string): CIDRValue {
  const network = tryCIDR(text);
  if (network === undefined) throw new Error("network address parse error during conversion from string");
  return network;
}

function textOf({ family, value }: IPAddress): string {
  const width = family === "IPv4" ? 8n : 16n;
  const parts: bigint[] = [];
  for (let shift = bitsOf[family] - width; shift >= 0n; shift -= width) {
    parts.push((value >> shift) & ((1n << width) - 1n));
  }
  if (family === "IPv4") return parts.join(".");
  const groups = parts.map((part) => part.toString(16)).join(":");
  const longest = (groups.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? []).reduce((a, b) => (b.length > a.length ? b : a), "");
  return longest === ""
    ? groups
    : groups
        .replace(longest, ":")
        .replace(/^:(?!:)/, "::")
        .replace(/(?<!:):$/, "::");
}
