import type { CronFields, CronSchedule } from "../../api/kinds/index.ts";

const minuteMs = 60_000;
const weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

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
export function nextTime(schedule: CronSchedule, afterMs: number, timeZone: string | undefined): number | undefined {
  if ("everyMs" in schedule) return Math.floor(afterMs / 1000) * 1000 + schedule.everyMs;
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

function dayFits({ daysOfMonth, daysOfWeek, anyDayOfMonth, anyDayOfWeek }: CronFields, wall: WallTime): boolean {
  const day = daysOfMonth.has(wall.day);
  const weekday = daysOfWeek.has(wall.weekday);
  return anyDayOfMonth || anyDayOfWeek ? day && weekday : day || weekday;
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

/** A time with the offset that the clocks of the zone have then; in the original's form. */
export function zonedTime(ms: number, timeZone: string | undefined): string {
  const utc = `${new Date(ms).toISOString().slice(0, 19)}Z`;
  if (timeZone === undefined) return utc;
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === "-" ? -1 : 1);
  if (offset === 0) return utc;
  return `${new Date(ms + offset * minuteMs).toISOString().slice(0, 19)}${sign}${hours}:${minutes}`;
}
