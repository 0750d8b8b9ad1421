import { describe, expect, it } from "vitest";
import { deepFreeze, type JsonObject, type KubeObject, type ManagedFieldsEntry } from "../meta/index.ts";
import { shapeOf } from "../schema/index.ts";
import { updateManagedFields } from "./managed-fields.ts";
import { withLiveTimestamps } from "./timestamps.ts";

const shape = shapeOf("v1", "ConfigMap");
if (shape === undefined) throw new Error("no shape of ConfigMap");
const configMap = shape;

type ConfigMap = KubeObject & { data?: Record<string, string> };

function config(data: Record<string, string>, managedFields?: ManagedFieldsEntry[]): ConfigMap {
  const metadata = { name: "c", uid: "u", ...(managedFields && { managedFields }) };
  return deepFreeze({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
}

function entry(
  manager: string,
  time: string,
  fields: JsonObject,
  more: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry {
  return { manager, operation: "Update", apiVersion: "v1", time, fieldsType: "FieldsV1", fieldsV1: fields, ...more };
}

function update(
  live: ConfigMap | undefined,
  next: ConfigMap,
  manager = "m",
  more: { subresource?: string; timestamp?: string; resetFields?: string[][] } = {},
): ManagedFieldsEntry[] | undefined {
  const request = { live, next, manager, apiVersion: "v1", timestamp: t(9), shape: configMap, ...more };
  return updateManagedFields(request);
}

const t = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
const data = (...keys: string[]): JsonObject => ({ "f:data": Object.fromEntries(keys.map((k) => [`f:${k}`, {}])) });

describe("updateManagedFields", () => {
  it("gives all fields of a new object to its creator, but not its identity", () => {
    expect(update(undefined, config({ a: "1" }))).toEqual([entry("m", t(9), { "f:data": { ".": {}, "f:a": {} } })]);
  });

  it("gives changed fields to who changed them, and takes removed ones from all", () => {
    const live = config({ a: "1", b: "1", c: "1" }, [entry("old", t(1), data("a", "b", "c"))]);
    expect(update(live, config({ a: "1", b: "2" }, live.metadata.managedFields))).toEqual([
      entry("old", t(1), data("a")),
      entry("m", t(9), data("b")),
    ]);
  });

  it("drops a manager that owns nothing any more", () => {
    const live = config({ a: "1" }, [entry("old", t(1), data("a"))]);
    expect(update(live, config({ a: "2" }))).toEqual([entry("m", t(9), data("a"))]);
  });

  it("keeps the very entries, with their times, if nothing changes", () => {
    const live = config({ a: "1" }, [entry("m", t(1), data("a"))]);
    expect(update(live, config({ a: "1" }, structuredClone(live.metadata.managedFields)))).toBe(
      live.metadata.managedFields,
    );
  });

  it("adds to what the same manager owned before", () => {
    const live = config({ a: "1" }, [entry("m", t(1), data("a"))]);
    expect(update(live, config({ a: "1", b: "1" }))).toEqual([entry("m", t(9), data("a", "b"))]);
  });

  it("keeps subresources and appliers apart, appliers first, then by time", () => {
    const apply = entry("m", t(8), data("a"), { operation: "Apply" });
    const live = config({ a: "1", b: "1" }, [apply, entry("m", t(2), data("b"))]);
    expect(update(live, config({ a: "1", b: "1", c: "1" }), "m", { subresource: "status" })).toEqual([
      apply,
      entry("m", t(2), data("b")),
      { ...entry("m", t(9), data("c")), subresource: "status" },
    ]);
  });

  it("gives nobody the fields that the strategy resets", () => {
    const live = config({ a: "1" }, [entry("old", t(1), data("a"))]);
    expect(update(live, config({ a: "2" }), "m", { resetFields: [["data"]] })).toEqual(live.metadata.managedFields);
  });

  it.each([[[]], [[{}]]])("resets the owners with %j, and tracks them no more", (reset) => {
    const live = config({ a: "1" }, [entry("old", t(1), data("a"))]);
    expect(update(live, config({ a: "2" }, reset))).toBeUndefined();
    expect(update(config({ a: "2" }), config({ a: "3" }))).toBeUndefined();
  });

  it("does not reset them through a subresource", () => {
    const live = config({ a: "1" }, [entry("old", t(1), data("a"))]);
    expect(update(live, config({ a: "1" }, []), "m", { subresource: "status" })).toEqual(live.metadata.managedFields);
  });

  it.each<[string, Partial<ManagedFieldsEntry>]>([
    ["a bad operation", { operation: "Merge" as "Update" }],
    ["no version", { apiVersion: "" }],
    ["a bad type of fields", { fieldsType: "FieldsV2" }],
    ["bad fields", { fieldsV1: { nonsense: {} } }],
  ])("falls back to the live owners if the request states %s", (_, bad) => {
    const live = config({ a: "1" }, [entry("old", t(1), data("a"))]);
    expect(update(live, config({ a: "1" }, [entry("new", t(1), data("a"), bad)]))).toEqual(live.metadata.managedFields);
  });

  it("takes owners that the request states well", () => {
    const live = config({ a: "1" }, [entry("old", t(1), data("a"))]);
    expect(update(live, config({ a: "1" }, [entry("new", t(3), data("a"))]))).toEqual([entry("new", t(3), data("a"))]);
  });

  it("remembers ten updaters, and merges the oldest of more", () => {
    let object = config({ start: "1" }, [entry("start", t(0), data("start"))]);
    for (let i = 1; i <= 12; i++) {
      const values = { ...object.data, [`k${i}`]: "1" };
      const next = config(values, object.metadata.managedFields);
      object = config(values, update(object, next, `m${i}`, { timestamp: t(i) }));
    }
    const entries = object.metadata.managedFields ?? [];
    expect(entries.map((e) => [e.manager, e.time])).toEqual([
      ["ancient-changes", t(3)],
      ...[4, 5, 6, 7, 8, 9, 10, 11, 12].map((i) => [`m${i}`, t(i)]),
    ]);
    expect(entries[0]?.fieldsV1).toEqual(data("k1", "k2", "k3", "start"));
  });

  it("asks for other versions only where it is told how to convert, and forgets those that are gone", () => {
    const foreign = entry("old", t(1), data("a"), { apiVersion: "v0" });
    const live = config({ a: "1" }, [foreign]);
    const request = {
      live,
      next: config({ a: "1", b: "1" }),
      manager: "m",
      apiVersion: "v1",
      timestamp: t(9),
      shape: configMap,
    };
    expect(updateManagedFields(request)).toEqual([foreign, entry("m", t(9), data("b"))]);
    expect(updateManagedFields({ ...request, convert: () => undefined })).toEqual([entry("m", t(9), data("b"))]);
  });
});

describe("entries older than the shape", () => {
  it("own all of what they owned a part of, where it is atomic by now", () => {
    const deployment = shapeOf("apps/v1", "Deployment");
    if (deployment === undefined) throw new Error("no shape of Deployment");
    const old = entry("old", t(1), { "f:spec": { "f:paused": {}, "f:selector": { "f:matchLabels": { "f:a": {} } } } });
    const live = {
      spec: { selector: { matchLabels: { a: "1" } }, paused: true },
      metadata: { managedFields: [{ ...old, apiVersion: "apps/v1" }] },
    };
    const next = { spec: { ...live.spec, paused: false }, metadata: live.metadata };
    const request = { live, next, manager: "m", apiVersion: "apps/v1", timestamp: t(9), shape: deployment };
    expect(updateManagedFields(request)?.map((e) => e.fieldsV1)).toEqual([
      { "f:spec": { "f:selector": {} } },
      { "f:spec": { "f:paused": {} } },
    ]);
  });
});

describe("withLiveTimestamps", () => {
  const live = config({ a: "1" }, [entry("m", t(1), data("a"))]);

  it("takes back new times if nothing else changed", () => {
    const next = config({ a: "1" }, [entry("m", t(9), data("a"))]);
    expect(withLiveTimestamps(next, live)).toEqual(live);
    expect(withLiveTimestamps(next, live).metadata.managedFields).toBe(live.metadata.managedFields);
  });

  it("leaves all else alone", () => {
    const other = config({ a: "2" }, [entry("m", t(9), data("a"))]);
    const owners = config({ a: "1" }, [entry("n", t(9), data("a"))]);
    expect(withLiveTimestamps(other, live)).toBe(other);
    expect(withLiveTimestamps(owners, live)).toBe(owners);
  });
});
