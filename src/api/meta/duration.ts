const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3, // micro sign
  "\u03bcs": 1e-3, // Greek mu
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** What fits into 64 bits as nanoseconds: about 292 years. */
const durationMaxMs = 2 ** 63 / 1e6;

const element = /(\d+\.?\d*|\.\d+)([^\d.]+)/y;

/** A Go duration text in milliseconds (fractions for the units below); throws an Error with Go's message. */
export function parseDuration(text: string): number {
  const negative = text.startsWith("-");
  const body = negative || text.startsWith("+") ? text.slice(1) : text;
  if (body === "0") return 0;
  if (body === "") throw invalidDuration(text);
  let total = 0;
  element.lastIndex = 0;
  while (element.lastIndex < body.length) {
    const at = element.lastIndex;
    const match = element.exec(body);
    if (match === null) throw unreadable(body.slice(at), text);
    const [, amount = "", unit = ""] = match;
    const factor = unitMs[unit];
    if (factor === undefined) throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    total += Number(amount) * factor;
    if (total > durationMaxMs) throw invalidDuration(text);
  }
  return negative ? -total : total;
}

/** Says which of Go's two complaints fits: a number without a unit, or no number at all. */
function unreadable(rest: string, text: string): Error {
  return /^(\d+\.?\d*|\.\d+)/.test(rest)
    ? new Error(`time: missing unit in duration ${quote(text)}`)
    : invalidDuration(text);
}

function invalidDuration(text: string): Error {
  return new Error(`time: invalid duration ${quote(text)}`);
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Go's text of a duration: "1h0m0s", "1.5s", "300ms", "0s". */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  const sign = ms < 0 ? "-" : "";
  const ns = Math.round(Math.abs(ms) * 1e6);
  if (ns < 1e3) return `${sign}${ns}ns`;
  if (ns < 1e6) return `${sign}${trimmed(ns, 1e3, 3)}\u00b5s`;
  if (ns < 1e9) return `${sign}${trimmed(ns, 1e6, 6)}ms`;
  const wholeSeconds = Math.floor(ns / 1e9);
  const seconds = `${trimmed(ns - Math.floor(wholeSeconds / 60) * 60e9, 1e9, 9)}s`;
  const minutes = Math.floor(wholeSeconds / 60) % 60;
  const hours = Math.floor(wholeSeconds / 3600);
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : sign + seconds;
}

/** `value / unit` with up to `digits` decimals and no zeros at its end. */
function trimmed(value: number, unit: number, digits: number): string {
  const whole = Math.floor(value / unit);
  const fraction = String(Math.round(value - whole * unit))
    .padStart(digits, "0")
    .replace(/0+$/, "");
  return fraction === "" ? String(whole) : `${whole}.${fraction}`;
}

/** The short form of the tables, with fewer units the longer it is: 5s, 2m3s, 3h, 5d12h, 2y10d. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 8) return withRest(days, "d", hours % 24, "h");
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? withRest(years, "y", days % 365, "d") : `${years}y`;
}

function withRest(value: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${value}${unit}` : `${value}${unit}${rest}${restUnit}`;
}
