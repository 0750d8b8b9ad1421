import { DecodeFailure } from "./failure.ts";

/** One element of Go's layout, with how much of the text it takes. */
interface Element {
  readonly layout: string;
  readonly pattern: RegExp;
}

const elements: readonly Element[] = [
  { layout: "2006", pattern: /^\d{4}/ },
  { layout: "-", pattern: /^-/ },
  { layout: "01", pattern: /^\d{2}/ },
  { layout: "-", pattern: /^-/ },
  { layout: "02", pattern: /^\d{2}/ },
  { layout: "T", pattern: /^T/ },
  { layout: "15", pattern: /^\d{2}/ },
  { layout: ":", pattern: /^:/ },
  { layout: "04", pattern: /^\d{2}/ },
  { layout: ":", pattern: /^:/ },
  { layout: "05", pattern: /^\d{2}/ },
];
/** Seconds may always have a fraction, unless the layout has one of its own. */
const anyFraction: Element = { layout: "", pattern: /^(?:[.,]\d+)?/ };
const sixDigits: Element = { layout: ".000000", pattern: /^[.,]\d{6}(?!\d)/ };
const zone: Element = { layout: "Z07:00", pattern: /^(?:Z|[+-]\d{2}:\d{2})/ };

const seconds = [...elements, anyFraction, zone];
const micros = [...elements, sixDigits, zone];

const usual = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/;

/** The stored form of a time: UTC, whole seconds (or six digits of them). Throws Go's parse error. */
export function normalTime(text: string, micro: boolean): string {
  const match = usual.exec(text);
  if (match !== null && (match[1] !== undefined) === micro && inRange(text)) return text;
  const layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
  const fail = (why: string): never => {
    throw new DecodeFailure(
      `parsing time ${JSON.stringify(text)}${why.startsWith(":") ? "" : ` as "${layout}"`}: ${why.replace(/^: /, "")}`,
    );
  };
  const parts: string[] = [];
  let rest = text;
  for (const element of micro ? micros : seconds) {
    const part = element.pattern.exec(rest)?.[0];
    if (part === undefined) return fail(`cannot parse ${JSON.stringify(rest)} as "${element.layout}"`);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  if (rest !== "") return fail(`: extra text: ${JSON.stringify(rest)}`);
  const outOfRange = rangeProblem(parts);
  if (outOfRange !== undefined) return fail(`: ${outOfRange} out of range`);
  const utc = inUtc(text.slice(0, 19), parts.at(-1) ?? "Z");
  if (utc === undefined) return fail(": year out of range");
  return micro ? `${utc}.${parts[11]?.slice(1)}Z` : `${utc}Z`;
}

const minuteMs = 60_000;
const fourDigitYear = /^\d{4}-/;

/** Undefined for what leaves the years that a time can be written in. */
function inUtc(local: string, zone: string): string | undefined {
  const offset = zone === "Z" ? 0 : Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  const sign = zone.startsWith("-") ? -1 : 1;
  const utc = new Date(Date.parse(`${local}Z`) - sign * offset * minuteMs).toISOString();
  return fourDigitYear.test(utc) ? utc.slice(0, 19) : undefined;
}

function inRange(text: string): boolean {
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  const hour = Number(text.slice(11, 13));
  // Days above 28 take the slow way, which knows the months.
  return (
    month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour < 24 && text.charAt(14) < "6" && text.charAt(17) < "6"
  );
}

function rangeProblem(parts: readonly string[]): string | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = [0, 2, 4, 6, 8, 10].map((i) =>
    Number(parts[i]),
  );
  if (month < 1 || month > 12) return "month";
  if (hour > 23) return "hour";
  if (minute > 59) return "minute";
  if (second > 59) return "second";
  if (day < 1 || day > daysIn(year, month)) return "day";
  const zone = parts.at(-1) ?? "Z";
  if (zone === "Z") return undefined;
  if (Number(zone.slice(1, 3)) > 24) return "time zone offset hour";
  if (Number(zone.slice(4, 6)) > 60) return "time zone offset minute";
  return undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
