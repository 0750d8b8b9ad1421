import { canonicalText, keepsText, type QuantityFormat, type QuantityParts, splitQuantity } from "./quantity-text.ts";

export type { QuantityFormat } from "./quantity-text.ts";

/** An exact amount: `nano` billionths, and the family of suffixes it is written with. Immutable. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
  /** The text as formatQuantity gives it, when it is known already. */
  readonly text?: string;
}

const nanoPerUnit = 1_000_000_000n;
const nanoPerMilli = 1_000_000n;
const nanoDigits = 9;
/** Binary quantities are capped at the largest 64-bit integer. */
const binaryMax = ((1n << 63n) - 1n) * nanoPerUnit;

/** Bounds each cache of parsed texts; clusters use few distinct ones, and a full cache is simply begun anew. */
const cachedTextsMax = 4096;
const parsed = new Map<string, Quantity>();

/** The quantity of a text, cached; throws an Error with the original message. */
export function parseQuantity(text: string | number): Quantity {
  const key = typeof text === "number" ? String(text) : text;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const parts = splitQuantity(key);
  const quantity = fromParts(parts, keepsText(parts) ? key : undefined);
  if (parsed.size >= cachedTextsMax) parsed.clear();
  parsed.set(key, quantity);
  return quantity;
}

export function tryParseQuantity(text: string | number): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch {
    return undefined; // the only failure is a text that is no quantity
  }
}

function fromParts(parts: QuantityParts, text: string | undefined): Quantity {
  const magnitude = magnitudeOf(parts);
  const isFractionOfOne = magnitude > 0n && magnitude < nanoPerUnit;
  const isBinary = parts.format === "BinarySI";
  const format = isBinary && isFractionOfOne ? "DecimalSI" : parts.format;
  const capped = isBinary && magnitude > binaryMax ? binaryMax : magnitude;
  const nano = parts.negative ? -capped : capped;
  return { nano, format, text: text ?? canonicalText(nano, format) };
}

/** In billionths; what is finer is rounded away from zero, so that a little is never nothing. */
function magnitudeOf({ whole, fraction, base, exponent }: QuantityParts): bigint {
  const digits = BigInt(whole + fraction);
  const scale = nanoDigits - fraction.length + (base === 10 ? exponent : 0);
  const value = base === 2 ? digits << BigInt(exponent) : digits;
  return scale >= 0 ? value * 10n ** BigInt(scale) : divideAwayFromZero(value, 10n ** BigInt(-scale));
}

function divideAwayFromZero(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

export function quantityOf(value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
  return { nano: BigInt(value) * nanoPerUnit, format };
}

export function milliQuantity(milli: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
  return { nano: BigInt(milli) * nanoPerMilli, format };
}

export function formatQuantity(q: Quantity): string {
  return q.text ?? canonicalText(q.nano, q.format);
}

/** The text that the original would store for a text; throws as parseQuantity. */
export function canonicalQuantity(text: string | number): string {
  return formatQuantity(parseQuantity(text));
}

export function compareQuantity(a: Quantity, b: Quantity): -1 | 0 | 1 {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

/** The sum in the format of `a`, or of `b` when `a` is zero. */
export function addQuantity(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

export function subQuantity(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano - b.nano, format: a.nano === 0n ? b.format : a.format };
}

export function negateQuantity(a: Quantity): Quantity {
  return { nano: -a.nano, format: a.format };
}

export function quantitySign(a: Quantity): -1 | 0 | 1 {
  return a.nano < 0n ? -1 : a.nano > 0n ? 1 : 0;
}

/** In whole units, rounded away from zero. */
export function toNumber(q: Quantity): number {
  return Number(divideAwayFromZero(q.nano, nanoPerUnit));
}

/** In thousandths, rounded away from zero. */
export function toMilli(q: Quantity): number {
  return Number(divideAwayFromZero(q.nano, nanoPerMilli));
}

export function toApproximateFloat(q: Quantity): number {
  return Number(q.nano) / 1e9;
}

const numbers = new Map<string, number>();
const millis = new Map<string, number>();

/** toNumber straight from a text, cached: what scheduler and kubelet count with. */
export function quantityToNumber(text: string | number): number {
  return typeof text === "number" && Number.isInteger(text) ? text : cached(numbers, String(text), toNumber);
}

/** toMilli straight from a text, cached. */
export function quantityToMilli(text: string | number): number {
  return cached(millis, String(text), toMilli);
}

function cached(cache: Map<string, number>, text: string, convert: (q: Quantity) => number): number {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const value = convert(parseQuantity(text));
  if (cache.size >= cachedTextsMax) cache.clear();
  cache.set(text, value);
  return value;
}
