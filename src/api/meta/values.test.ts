import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as meta from "./index.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe("times", () => {
  const noon = Date.UTC(2026, 0, 1, 12, 0, 0, 345);

  test("are RFC 3339 with seconds, or with microseconds", () => {
    expect(meta.formatTime(noon)).toBe("2026-01-01T12:00:00Z");
    expect(meta.formatTime(noon + 2000)).toBe("2026-01-01T12:00:02Z");
    expect(meta.formatMicroTime(noon)).toBe("2026-01-01T12:00:00.345000Z");
    expect(meta.parseTime(meta.formatMicroTime(noon))).toBe(noon);
    expect(meta.parseTime("2026-01-01T12:00:00+02:00")).toBe(Date.UTC(2026, 0, 1, 10));
  });

  test.each([
    ["2026-01-01T00:00:00Z", true],
    ["2026-01-01T00:00:00.123456789Z", true],
    ["2024-02-29T00:00:00Z", true],
    ["2024-02-29T00:00:00+24:60", true],
    ["2024-02-29T00:00:00+25:00", false],
    ["2026-02-29T00:00:00Z", false],
    ["2026-13-01T00:00:00Z", false],
    ["2026-01-01T24:00:00Z", false],
    ["2026-01-01", false],
    ["2026-01-01T00:00:00", false],
    ["Thu, 01 Jan 2026", false],
  ])("%s is a time: %s", (text, valid) => {
    expect(meta.isValidTime(text)).toBe(valid);
    if (!valid) expect(() => meta.parseTime(text)).toThrow();
  });
});

describe("durations", () => {
  test.each([
    [0, "0s"],
    [hour, "1h0m0s"],
    [1.5 * second, "1.5s"],
    [300, "300ms"],
    [0.0005, "500ns"],
    [90 * second, "1m30s"],
    [-hour, "-1h0m0s"],
    [25 * hour + minute + 1001.5, "25h1m1.0015s"],
  ])("%d ms is %s, there and back", (ms, text) => {
    expect(meta.formatDuration(ms)).toBe(text);
    expect(meta.parseDuration(text)).toBeCloseTo(ms, 6);
  });

  test.each([
    ["", 'time: invalid duration ""'],
    ["3", 'time: missing unit in duration "3"'],
    ["3d", 'time: unknown unit "d" in duration "3d"'],
    ["1h-3m", 'time: unknown unit "h-" in duration "1h-3m"'],
    ["-", 'time: invalid duration "-"'],
    ["x", 'time: invalid duration "x"'],
    ["2562048h", 'time: invalid duration "2562048h"'],
  ])("%j is refused", (text, message) => {
    expect(() => meta.parseDuration(text)).toThrow(new Error(message));
  });

  test.each([
    [-2 * second, "<invalid>"],
    [-second, "0s"],
    [0, "0s"],
    [119 * second, "119s"],
    [120 * second, "2m"],
    [123 * second, "2m3s"],
    [10 * minute + 5 * second, "10m"],
    [179 * minute, "179m"],
    [3 * hour, "3h"],
    [3 * hour + 10 * minute, "3h10m"],
    [8 * hour + 10 * minute, "8h"],
    [47 * hour, "47h"],
    [2 * day, "2d"],
    [5 * day + 12 * hour, "5d12h"],
    [8 * day + hour, "8d"],
    [729 * day, "729d"],
    [730 * day, "2y"],
    [740 * day, "2y10d"],
    [3000 * day, "8y"],
  ])("%d ms is short for %s", (ms, text) => {
    expect(meta.humanDuration(ms)).toBe(text);
  });
});

describe("percentages", () => {
  test.each([
    [3, 10, true, 3],
    ["25%", 10, true, 3],
    ["25%", 10, false, 2],
    ["0%", 10, true, 0],
    ["150%", 4, false, 6],
  ])("%s of %d, rounded up: %s, is %d", (value, total, roundUp, expected) => {
    expect(meta.scaledValue(value, total, roundUp)).toBe(expected);
  });

  test("anything else is refused", () => {
    expect(() => meta.scaledValue("5", 10, true)).toThrow(
      "invalid value for IntOrString: invalid type: string is not a percentage",
    );
    expect(() => meta.scaledValue("x%", 10, true)).toThrow(
      'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
    );
  });
});

describe("conditions", () => {
  const ready: meta.Condition = { type: "Ready", status: "True", reason: "A", lastTransitionTime: "t1" };

  test("a new status moves the transition time, anything else does not", () => {
    expect(meta.setCondition([ready], { type: "Ready", status: "False" }, "t2")[0]?.lastTransitionTime).toBe("t2");
    const changed = meta.setCondition([ready], { type: "Ready", status: "True", reason: "B" }, "t2");
    expect(changed).toEqual([{ ...ready, reason: "B" }]);
  });

  test("nothing changed gives the same array, and the old one is never touched", () => {
    const before = meta.deepFreeze([ready]);
    expect(meta.setCondition(before, { type: "Ready", status: "True", reason: "A" }, "t2")).toBe(before);
    expect(meta.setCondition(before, { type: "Other", status: "True" }, "t2")).toHaveLength(2);
    expect(
      meta.setCondition<meta.Condition>(undefined, { type: "Other", status: "True" }, "t2")[0]?.lastTransitionTime,
    ).toBe("t2");
  });

  test("are found and removed by type", () => {
    expect(meta.findCondition([ready], "Ready")).toBe(ready);
    expect(meta.isConditionTrue([ready], "Ready")).toBe(true);
    expect(meta.isConditionTrue(undefined, "Ready")).toBe(false);
    expect(meta.removeCondition([ready], "Ready")).toEqual([]);
  });
});

describe("owners and keys", () => {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "rs", namespace: "ns", uid: "u1" } };
  const child = { metadata: { ownerReferences: [meta.ownerReference(owner), meta.controllerReference(owner)] } };

  test("the controller is the owner that says so", () => {
    expect(meta.controllerOf(child)).toMatchObject({ uid: "u1", controller: true, blockOwnerDeletion: true });
    expect(meta.isControlledBy(child, owner)).toBe(true);
    expect(meta.isControlledBy({ metadata: {} }, owner)).toBe(false);
  });

  test("keys and versions there and back", () => {
    expect(meta.keyString(meta.keyOf(owner))).toBe("ns/rs");
    expect(meta.parseKeyString("ns/rs")).toEqual({ namespace: "ns", name: "rs" });
    expect(meta.parseKeyString("n1")).toEqual({ name: "n1" });
    expect(meta.gvkOf(owner)).toEqual({ group: "apps", version: "v1", kind: "ReplicaSet" });
    expect(meta.formatApiVersion(meta.parseApiVersion("v1"))).toBe("v1");
    expect(meta.formatApiVersion(meta.parseApiVersion("apps/v1"))).toBe("apps/v1");
  });
});

describe("equality and copies", () => {
  test.each([
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: undefined, b: 1 }, { b: 1, c: 2 }, false],
    [{ a: null }, {}, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    ["1", 1, false],
  ])("%j equals %j: %s", (a, b, equal) => {
    expect(meta.deepEqual(a, b)).toBe(equal);
    expect(meta.deepEqual(b, a)).toBe(equal);
  });

  test("semantically, what is empty is as good as absent", () => {
    expect(meta.semanticEqual({ a: [], b: 1 }, { b: 1, c: null, d: {} })).toBe(true);
    expect(meta.semanticEqual({ a: "" }, {})).toBe(false);
    expect(meta.semanticEqual({}, { constructor: "x" })).toBe(false);
    expect(meta.semanticEqual({ toString: null }, { constructor: {} })).toBe(true);
    expect(meta.semanticEqual({ a: [1] }, { a: [1, 2] })).toBe(false);
  });

  test("a copy is equal and shares nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const frozen = meta.deepFreeze(value);
        const copy = meta.cloneJson(frozen);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
        expect(meta.deepEqual(copy, frozen)).toBe(true);
        if (typeof copy === "object" && copy !== null && Object.keys(copy).length > 0) {
          expect(Object.isFrozen(copy)).toBe(false);
        }
      }),
    );
  });
});
