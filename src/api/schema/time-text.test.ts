import { describe, expect, it } from "vitest";
import { normalTime } from "./time-text.ts";

describe("normalTime", () => {
  it("takes offsets up to 24 hours and 60 minutes, as Go does", () => {
    expect(normalTime("2026-01-01T00:00:00-24:60", false)).toBe("2026-01-02T01:00:00Z");
    expect(normalTime("2026-01-01T00:00:00.000001+23:59", true)).toBe("2025-12-31T00:01:00.000001Z");
  });

  it.each([
    ["2026-01-01T00:00:00-99:99", "time zone offset hour"],
    ["2026-01-01T00:00:00+00:61", "time zone offset minute"],
    ["0000-01-01T00:00:00+23:59", "year"],
    ["9999-12-31T23:59:59-23:59", "year"],
  ])("refuses %s", (text, what) => {
    expect(() => normalTime(text, false)).toThrow(`parsing time "${text}": ${what} out of range`);
  });
});
