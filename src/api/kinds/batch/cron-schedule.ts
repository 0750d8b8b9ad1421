import { parseDuration } from "../../meta/index.ts";

/** When a cron job runs: the minutes, hours, days, months and weekdays that a schedule names, or a fixed distance. */
export type CronSchedule = CronFields | { readonly everyMs: number };

export interface CronFields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: ReadonlySet<number>;
  /** A day must fit both of them when one is `*`, else one of them. */
  readonly anyDayOfMonth: boolean;
  readonly anyDayOfWeek: boolean;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const bounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  {
    min: 1,
    max: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

const descriptors: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const every = "@every ";

/** @throws Error with the original's message. A time zone before the fields (`TZ=...`) is passed over. */
export function parseCronSchedule(schedule: string): CronSchedule {
  if (schedule === "") throw new Error("empty spec string");
  const text = schedule.replace(/^(CRON_)?TZ=\S* */, "");
  if (text.startsWith("@")) return parseDescriptor(text);
  return parseFields(text);
}

function parseDescriptor(text: string): CronSchedule {
  const fields = Object.hasOwn(descriptors, text) ? descriptors[text] : undefined;
  if (fields !== undefined) return parseFields(fields);
  if (!text.startsWith(every)) throw new Error(`unrecognized descriptor: ${text}`);
  try {
    return { everyMs: Math.max(1000, Math.floor(parseDuration(text.slice(every.length)) / 1000) * 1000) };
  } catch (error) {
    throw new Error(`failed to parse duration ${text}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseFields(text: string): CronFields {
  const parts = text.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== 5) throw new Error(`expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`);
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = bounds.map((bound, i) => parseField(parts[i] ?? "", bound));
  return {
    minutes: minutes?.values ?? new Set(),
    hours: hours?.values ?? new Set(),
    daysOfMonth: daysOfMonth?.values ?? new Set(),
    months: months?.values ?? new Set(),
    daysOfWeek: daysOfWeek?.values ?? new Set(),
    anyDayOfMonth: daysOfMonth?.any ?? false,
    anyDayOfWeek: daysOfWeek?.any ?? false,
  };
}

interface Field {
  readonly values: Set<number>;
  any: boolean;
}

function parseField(text: string, bound: Bounds): Field {
  const field: Field = { values: new Set(), any: false };
  for (const part of text.split(",")) if (part !== "") addRange(part, bound, field);
  return field;
}

function addRange(text: string, bound: Bounds, field: Field): void {
  const [range = "", stepText, ...moreSteps] = text.split("/");
  const [low = "", high, ...moreEnds] = range.split("-");
  const isAny = low === "*" || low === "?";
  const start = isAny ? bound.min : numberOrName(low, bound);
  if (!isAny && moreEnds.length > 0) throw new Error(`too many hyphens: ${text}`);
  let end = isAny ? bound.max : high === undefined ? start : numberOrName(high, bound);
  if (moreSteps.length > 0) throw new Error(`too many slashes: ${text}`);
  const step = stepText === undefined ? 1 : wholeNumber(stepText);
  if (stepText !== undefined && high === undefined) end = bound.max;
  if (start < bound.min) throw new Error(`beginning of range (${start}) below minimum (${bound.min}): ${text}`);
  if (end > bound.max) throw new Error(`end of range (${end}) above maximum (${bound.max}): ${text}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`);
  if (isAny && step === 1) field.any = true;
  for (let value = start; value <= end; value += step) field.values.add(value);
}

function numberOrName(text: string, bound: Bounds): number {
  const index = bound.names?.indexOf(text.toLowerCase()) ?? -1;
  return index >= 0 ? index + bound.min : wholeNumber(text);
}

function wholeNumber(text: string): number {
  if (!/^[-+]?\d+$/.test(text)) {
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (value < 0) throw new Error(`negative number (${value}) not allowed: ${text}`);
  return value;
}
