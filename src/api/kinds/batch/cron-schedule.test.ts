import { describe, expect, it } from "vitest";
import { type CronFields, parseCronSchedule } from "./cron-schedule.ts";

function fields(schedule: string): CronFields {
  const parsed = parseCronSchedule(schedule);
  if ("everyMs" in parsed) throw new Error("a distance, not fields");
  return parsed;
}

describe("cron schedules", () => {
  it("name minutes, hours, days, months and weekdays by numbers, ranges, steps, lists and names", () => {
    const { minutes, hours, daysOfMonth, months, daysOfWeek } = fields("*/20 9-17/4 1,15 JAN-mar mon,Fri");
    expect([...minutes]).toEqual([0, 20, 40]);
    expect([...hours]).toEqual([9, 13, 17]);
    expect([...daysOfMonth]).toEqual([1, 15]);
    expect([...months]).toEqual([1, 2, 3]);
    expect([...daysOfWeek]).toEqual([1, 5]);
  });

  it("go on to the end of the field from a single number with a step", () => {
    expect([...fields("50/5 * * * *").minutes]).toEqual([50, 55]);
  });

  it("tell apart any day from days that happen to be all", () => {
    expect(fields("0 0 * * *")).toMatchObject({ anyDayOfMonth: true, anyDayOfWeek: true });
    expect(fields("0 0 */2 * 1")).toMatchObject({ anyDayOfMonth: false, anyDayOfWeek: false });
  });

  it("have short forms", () => {
    expect(parseCronSchedule("@hourly")).toEqual(parseCronSchedule("0 * * * *"));
    expect(parseCronSchedule("@every 1h30m")).toEqual({ everyMs: 5_400_000 });
  });

  it.each([
    ["Bad_Value!", "expected exactly 5 fields, found 1: [Bad_Value!]"],
    ["60 * * * *", "end of range (60) above maximum (59): 60"],
    ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
    ["9-5 * * * *", "beginning of range (9) beyond end of range (5): 9-5"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
    ["1/2/3 * * * *", "too many slashes: 1/2/3"],
    ["@never", "unrecognized descriptor: @never"],
    ["", "empty spec string"],
  ])("are refused with the original's words: %s", (schedule, message) => {
    expect(() => parseCronSchedule(schedule)).toThrow(message);
  });
});
