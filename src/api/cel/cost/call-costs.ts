import { factors, matching, traversal } from "./factors.ts";

/** What operators and functions cost when they are applied to values. */

/** Number of characters, bytes, elements or entries; 1 for what has no size. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Map || value instanceof Set) return value.size;
  if (value instanceof Date) return 1;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.keys(value).length : 1;
}

export function binaryCost(operator: string, left: unknown, right: unknown): number {
  switch (operator) {
    case "in":
      return Array.isArray(right) ? right.length : 1;
    case "==":
    case "!=":
      return traversal(Math.min(sizeOf(left), sizeOf(right)));
    case "<":
    case "<=":
    case ">":
    case ">=":
      return typeof left === "string" ? traversal(Math.min(sizeOf(left), sizeOf(right))) : 1;
    case "+":
      return typeof left === "string" || left instanceof Uint8Array ? traversal(sizeOf(left) + sizeOf(right)) : 1;
    default:
      return 1;
  }
}

type CallCost = (args: readonly unknown[], result: unknown) => number;

const walkFirst: CallCost = ([first]) => traversal(sizeOf(first));
const walkTwice: CallCost = ([first]) => traversal(sizeOf(first), 2);
const walkSecond: CallCost = ([, second]) => traversal(sizeOf(second));
const match: CallCost = ([text, pattern]) => matching(sizeOf(text), sizeOf(pattern));
/** Two sets behind the name of their library. */
const product: CallCost = ([, a, b]) => 1 + sizeOf(a) * sizeOf(b);
const productTwice: CallCost = ([, a, b]) => 1 + 2 * sizeOf(a) * sizeOf(b);
/** A new list with an element for each of the result. */
const newList: CallCost = (_, result) => 1 + factors.listCreation + sizeOf(result);
/** A new list for which each element was compared with all. */
const comparedList: CallCost = ([list]) => 1 + factors.listCreation + 2 * sizeOf(list) ** 2;

/** By name; all others cost 1. A method's receiver is its first argument. */
const calls: Readonly<Record<string, CallCost>> = {
  check: () => factors.authorizationCheck,
  isSorted: elements,
  sum: elements,
  max: elements,
  min: elements,
  indexOf: elements,
  lastIndexOf: elements,
  url: walkFirst,
  lowerAscii: walkFirst,
  upperAscii: walkFirst,
  substring: walkFirst,
  trim: walkFirst,
  replace: walkTwice,
  split: walkTwice,
  join: (_, result) => traversal(sizeOf(result), 2),
  find: match,
  findAll: match,
  matches: match,
  contains: ([a, b, c]) =>
    c === undefined ? traversal(sizeOf(a)) * traversal(sizeOf(b)) : product([a, b, c], undefined),
  intersects: product,
  equivalent: productTwice,
  range: newList,
  slice: newList,
  flatten: ([list, depth]) => 1 + factors.listCreation + sizeOf(list) * (depth === undefined ? 1 : Number(depth)),
  reverse: ([value], result) => (typeof value === "string" ? 1 : newList([value], result)),
  distinct: comparedList,
  sort: comparedList,
  containsIP: ([range, other]) => traversal(prefixBytes(range), 2) + textToRead(other),
  containsCIDR: ([range, other]) =>
    traversal(prefixBytes(range), 2) + traversal(prefixBytes(range)) + 1 + textToRead(other),
  startsWith: walkFirst,
  endsWith: walkFirst,
  format: walkFirst,
  quote: walkSecond,
  validate: ([format, text]) => matching(sizeOf(text), (format as NamedFormat).patternSize),
  isCanonical: ([, text]) => traversal(sizeOf(text), 2),
  isIP: walkFirst,
  isCIDR: walkFirst,
  cidr: walkFirst,
  ip: walkFirst,
  quantity: walkFirst,
  isQuantity: walkFirst,
  semver: walkFirst,
  isSemver: walkFirst,
  bytes: walkFirst,
  string: ([value]) => (value instanceof Uint8Array ? traversal(value.length) : 1),
};

/** What is known here of the values of the libraries. */
interface NamedFormat {
  readonly patternSize: number;
}
interface AddressRange {
  readonly length: bigint;
}

function prefixBytes(range: unknown): number {
  return Math.ceil(Number((range as AddressRange).length) / 8);
}

function textToRead(value: unknown): number {
  return typeof value === "string" ? traversal(sizeOf(value)) : 0;
}

/** Of everything that is in a value. */
function elements([value]: readonly unknown[]): number {
  if (typeof value === "string") return Math.floor(Buffer.byteLength(value) * factors.traversal);
  if (!Array.isArray(value)) return 1;
  return value.reduce<number>((sum, each) => sum + elements([each]), 0);
}

export function callCost(name: string, args: readonly unknown[], result: unknown): number {
  return calls[name]?.(args, result) ?? 1;
}
