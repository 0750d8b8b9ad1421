/** A parsed cron line; months count from 1, days of the week from Sunday = 0. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** When both are restricted, a day that fits either counts. */
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
  /** `@every` runs at fixed distances instead. */
  readonly everyMs?: number;
}

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const shorthands: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const minuteMs = 60_000;
const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: minuteMs, h: 60 * minuteMs };

/** @throws Error that says what is wrong with the line. */
export function parseSchedule(text: string): Schedule {
  const every = /^@every\s+((?:\d+[smh])+)$/.exec(text.trim());
  const line = shorthands[text.trim()] ?? (every === null ? text.trim() : "* * * * *");
  const fields = line.split(/\s+/);
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${text}]`);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const weekdays = parseField(weekday, 0, 7, weekdayNames, 0);
  if (weekdays.delete(7)) weekdays.add(0);
  return {
    minutes: parseField(minute, 0, 59),
    hours: parseField(hour, 0, 23),
    days: parseField(day, 1, 31),
    months: parseField(month, 1, 12, monthNames, 1),
    weekdays,
    anyDay: day.startsWith("*") || day.startsWith("?"),
    anyWeekday: weekday.startsWith("*") || weekday.startsWith("?"),
    everyMs: every === null ? undefined : durationMs(every[1] ?? ""),
  };
}

function durationMs(text: string): number {
  return [...text.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ""] ?? 0),
    0,
  );
}

function parseField(text: string, min: number, max: number, names: readonly string[] = [], firstName = 0): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", stepText] = part.split("/");
    const step = stepText === undefined ? 1 : Number(stepText);
    const [from = "", to] = range.split("-");
    const isAny = range === "*" || range === "?";
    const first = isAny ? min : numberOf(from, names, firstName);
    const last =
      isAny || (to === undefined && stepText !== undefined)
        ? max
        : to === undefined
          ? first
          : numberOf(to, names, firstName);
    const valid = Number.isInteger(step) && step > 0 && first >= min && last <= max && first <= last;
    if (!valid) throw new Error(`failed to parse ${JSON.stringify(part)}: not within ${min}-${max}`);
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function numberOf(text: string, names: readonly string[], firstName: number): number {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + firstName;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

interface WallTime {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
}

const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Five years on no schedule is to be waited for any more (the 30th of February). */
const lookAheadMs = 5 * 366 * dayMs;

/** The first time after `afterMs` that fits, on the clocks of the time zone. */
export function nextTime(schedule: Schedule, afterMs: number, timeZone: string | undefined): number | undefined {
  if (schedule.everyMs !== undefined) return Math.floor(afterMs / 1000) * 1000 + schedule.everyMs;
  const wallTime = wallClock(timeZone);
  const until = afterMs + lookAheadMs;
  let at = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
  while (at < until) {
    const wall = wallTime(at);
    // Whole days and hours that do not fit are skipped, but never past a midnight or a full hour.
    if (!schedule.months.has(wall.month) || !dayFits(schedule, wall))
      at += Math.max(hourMs - wall.minute * minuteMs, (23 - wall.hour) * hourMs - wall.minute * minuteMs);
    else if (!schedule.hours.has(wall.hour)) at += hourMs - wall.minute * minuteMs;
    else if (!schedule.minutes.has(wall.minute)) at += minuteMs;
    else return at;
  }
  return undefined;
}

function dayFits({ days, weekdays, anyDay, anyWeekday }: Schedule, wall: WallTime): boolean {
  const day = days.has(wall.day);
  const weekday = weekdays.has(wall.weekday);
  return anyDay || anyWeekday ? day && weekday : day || weekday;
}

function wallClock(timeZone: string | undefined): (ms: number) => WallTime {
  if (timeZone === undefined) {
    return (ms) => {
      const date = new Date(ms);
      return {
        minute: date.getUTCMinutes(),
        hour: date.getUTCHours(),
        day: date.getUTCDate(),
        month: date.getUTCMonth() + 1,
        weekday: date.getUTCDay(),
      };
    };
  }
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    minute: "numeric",
    hour: "numeric",
    day: "numeric",
    month: "numeric",
    weekday: "short",
  });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const weekday = weekdayNames.indexOf((parts.weekday ?? "").toLowerCase());
    return {
      minute: Number(parts.minute),
      hour: Number(parts.hour),
      day: Number(parts.day),
      month: Number(parts.month),
      weekday,
    };
  };
}
