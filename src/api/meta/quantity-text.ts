/** How a quantity was written, and so how it is written again: 1500m, 1536Mi, 15e2. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** A quantity text taken apart. */
export interface QuantityParts {
  readonly negative: boolean;
  /** The digits before the point without zeros in front ("0" for none), and those after it. */
  readonly whole: string;
  readonly fraction: string;
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const grammar = /^([+-]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[+-]?\d*)$/;
const exponentSuffix = /^[eE][+-]?\d+$/;

/**
 * Exponents beyond this are refused: the original takes any that fits into 32 bits, and works itself to death on
 * numbers of a billion digits.
 */
const exponentMax = 1000;

/** A suffix without digits is 0 to the original's fast path, which takes these; its slow path refuses it. */
const digitlessBinaryMax = 40;
const digitlessExponentMin = -9;

const numberWrong = "unable to parse numeric part of quantity";
const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Takes a text apart as the original does (also ".5", "5." and "m" are numbers); throws an Error with its message. */
export function splitQuantity(text: string): QuantityParts {
  const match = text === "" ? null : grammar.exec(text);
  if (match === null) throw new Error(formatWrong);
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  const number = { negative: sign === "-", whole: whole === "" ? "0" : whole, fraction };
  const decimal = Object.hasOwn(decimalExponents, suffix) ? decimalExponents[suffix] : undefined;
  if (decimal !== undefined) return { ...number, base: 10, exponent: decimal, format: "DecimalSI" };
  const digits = /\d/.test(text.slice(0, text.length - suffix.length));
  const binary = Object.hasOwn(binaryExponents, suffix) ? binaryExponents[suffix] : undefined;
  if (binary !== undefined && !digits && (binary > digitlessBinaryMax || text.includes(".")))
    throw new Error(numberWrong);
  if (binary !== undefined) return { ...number, base: 2, exponent: binary, format: "BinarySI" };
  const exponent = exponentSuffix.test(suffix) ? Number(suffix.slice(1)) : Number.NaN;
  if (!(Math.abs(exponent) <= exponentMax)) throw new Error("unable to parse quantity's suffix");
  if (!digits && exponent < digitlessExponentMin) throw new Error(numberWrong);
  return { ...number, base: 10, exponent, format: "DecimalExponent" };
}

/** The most digits that certainly fit into the original's 64-bit fast path. */
const fastDigitsMax = 18;
const fastBinaryDigits = 15;

/** Whether the original keeps the text as written: its fast path does so for texts that look canonical to it. */
export function keepsText(parts: QuantityParts): boolean {
  const { whole, fraction, exponent, format } = parts;
  const digits = whole.length + fraction.length;
  if (format === "BinarySI") {
    const spare = fastBinaryDigits - whole.length - Math.trunc((exponent * 3) / 10) - 1;
    return fraction === "" && spare >= 0 && (Number(whole) & 7) !== 0;
  }
  const scale = exponent - fraction.length;
  const shifted = whole + fraction;
  const looksCanonical = scale % 3 === 0 && !shifted.endsWith("000") && !shifted.startsWith("0");
  return digits <= fastDigitsMax && scale >= -9 && looksCanonical;
}

const nano = 1_000_000_000n;
const decimalSuffixes: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]),
);
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** The canonical text of a value in billionths: no fraction, the largest suffix that keeps it exact. */
export function canonicalText(value: bigint, format: QuantityFormat): string {
  if (value === 0n) return "0";
  if (format === "BinarySI" && isWholeAndLarge(value)) return binaryText(value / nano);
  return decimalText(value, format);
}

/** Below 1024, or with a fraction, a binary quantity is written in decimal, so that nothing is rounded. */
function isWholeAndLarge(value: bigint): boolean {
  const magnitude = value < 0n ? -value : value;
  return magnitude >= 1024n * nano && value % nano === 0n;
}

function binaryText(value: bigint): string {
  let rest = value;
  let power = 0;
  while (power < binarySuffixes.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n;
    power++;
  }
  return `${rest}${binarySuffixes[power]}`;
}

function decimalText(value: bigint, format: QuantityFormat): string {
  let rest = value;
  let exponent = -9;
  while (rest % 1000n === 0n) {
    rest /= 1000n;
    exponent += 3;
  }
  const suffix = format === "DecimalSI" || format === "BinarySI" ? decimalSuffixes[exponent] : undefined;
  if (suffix !== undefined) return `${rest}${suffix}`;
  return exponent === 0 ? String(rest) : `${rest}e${exponent}`; // also for what is larger than the suffixes go
}
