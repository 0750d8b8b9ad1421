import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ApiError, cloneJson, deepFreeze, isApiError, type JsonObject, type JsonValue } from "../meta/index.ts";
import { decodeObject, type ObjectShape, shapeOf } from "../schema/index.ts";
import { type Applied, type ApplyRequest, applyPatch } from "./apply.ts";
import { updateManagedFields } from "./managed-fields.ts";
import { withLiveTimestamps } from "./timestamps.ts";

function published(apiVersion: string, kind: string): ObjectShape {
  const shape = shapeOf(apiVersion, kind);
  if (shape === undefined) throw new Error(`no shape of ${kind}`);
  return shape;
}

const t = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;

/** One object of one kind, and what is applied to it in turn. */
class Subject {
  live: JsonObject | undefined;
  readonly #type: { apiVersion: string; kind: string; shape: ObjectShape };
  readonly #decodes: boolean;
  #second = 0;

  /** With `decodes`, what is stored is brought into the form in which the API server stores it. */
  constructor(apiVersion: string, kind: string, decodes = false) {
    this.#decodes = decodes;
    this.#type = { apiVersion, kind, shape: published(apiVersion, kind) };
  }

  apply(manager: string, fields: JsonObject, more: Partial<ApplyRequest> = {}): Applied {
    const { apiVersion, kind } = this.#type;
    const { metadata, ...rest } = fields;
    const config = deepFreeze({ apiVersion, kind, metadata: { name: "o", ...(metadata as JsonObject) }, ...rest });
    const timestamp = t(++this.#second);
    const applied = applyPatch({ live: this.live, config, manager, force: false, timestamp, ...this.#type, ...more });
    if (applied.changed) this.#store(applied.object, applied.managedFields);
    return applied;
  }

  update(manager: string, fields: JsonObject, subresource = ""): void {
    const { apiVersion, kind, shape } = this.#type;
    const { metadata, ...rest } = fields;
    const next = { apiVersion, kind, metadata: { name: "o", ...(metadata as JsonObject) }, ...rest };
    const timestamp = t(++this.#second);
    this.#store(
      next,
      updateManagedFields({ live: this.live, next, manager, subresource, apiVersion, timestamp, shape }),
    );
  }

  #store(object: JsonObject, managedFields: Applied["managedFields"]): void {
    const stored = this.#decodes
      ? decodeObject(cloneJson(object), this.#type.shape, { unknownFields: "drop" }).object
      : object;
    const metadata = { ...metadataOf(stored), uid: "u" } as JsonObject;
    if (managedFields !== undefined) metadata.managedFields = managedFields as JsonValue[] & typeof managedFields;
    this.live = deepFreeze(withLiveTimestamps({ ...stored, metadata }, this.live ?? {}));
  }

  get owners(): Record<string, JsonValue | undefined> {
    const entries = (metadataOf(this.live).managedFields ?? []) as JsonObject[];
    return Object.fromEntries(entries.map((e) => [`${e.manager} ${e.operation}`, e.fieldsV1]));
  }
}

const configMap = (): Subject => new Subject("v1", "ConfigMap");
const deployment = (): Subject => new Subject("apps/v1", "Deployment");
const podSpec = (spec: JsonObject): JsonObject => ({ spec: { template: { spec } } });
const metadataOf = (object: JsonObject | undefined): JsonObject => (object?.metadata ?? {}) as JsonObject;
const field = (object: JsonValue | undefined, name: string): JsonValue | undefined => (object as JsonObject)[name];
const containersOf = ({ live }: Subject): JsonValue | undefined =>
  field(field(field(field(live, "spec"), "template"), "spec"), "containers");

function refusal(run: () => unknown): ApiError {
  try {
    run();
  } catch (err) {
    if (isApiError(err)) return err;
    throw err;
  }
  throw new Error("was not refused");
}

describe("applyPatch", () => {
  it("creates an object whose applier owns what it states", () => {
    const subject = configMap();
    const { changed, object } = subject.apply("a", { data: { x: "1" } });
    expect(changed).toBe(true);
    expect(object).toEqual({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "o" }, data: { x: "1" } });
    expect(subject.owners).toEqual({ "a Apply": { "f:data": { "f:x": {} } } });
  });

  it("changes nothing when applied again, not even a time", () => {
    const subject = configMap();
    subject.apply("a", { data: { x: "1" } });
    const before = subject.live;
    const again = subject.apply("a", { data: { x: "1" } });
    expect(again.changed).toBe(false);
    expect(again.object).toBe(before);
    expect(again.managedFields).toEqual(metadataOf(before).managedFields);
  });

  it("gives no time to who states what is there already, and keeps the time of who states less of it", () => {
    const subject = configMap();
    subject.apply("a", { data: { x: "1", y: "1" } });
    const { managedFields } = subject.apply("b", { data: { x: "1", y: "1" } });
    expect(managedFields?.map(({ manager, time }) => ({ manager, time }))).toEqual([
      { manager: "b", time: undefined },
      { manager: "a", time: t(1) },
    ]);
    expect(subject.apply("a", { data: { x: "1" } }).managedFields?.[1]).toMatchObject({
      manager: "a",
      time: t(1),
      fieldsV1: { "f:data": { "f:x": {} } },
    });
  });

  it("refuses to change what another manager owns, unless forced", () => {
    const subject = configMap();
    subject.apply("a", { data: { x: "1", y: "1" } });
    const err = refusal(() => subject.apply("b", { data: { x: "2", y: "2" } }));
    expect(err.status).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'Apply failed with 2 conflicts: conflicts with "a":\n- .data.x\n- .data.y',
      reason: "Conflict",
      details: {
        causes: [
          { reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".data.x" },
          { reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".data.y" },
        ],
      },
      code: 409,
    });
    subject.apply("b", { data: { x: "2" } }, { force: true });
    expect(subject.live?.data).toEqual({ x: "2", y: "1" });
    expect(subject.owners).toEqual({ "a Apply": { "f:data": { "f:y": {} } }, "b Apply": { "f:data": { "f:x": {} } } });
  });

  it("says by which version and subresource an updater owns a field", () => {
    const subject = deployment();
    subject.apply("a", { spec: { replicas: 1 } });
    subject.update("kubectl", { spec: { replicas: 2 } });
    expect(refusal(() => subject.apply("a", { spec: { replicas: 1 } })).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas',
    );
  });

  it("tells conflicts with what a manager wrote to a subresource before those with its other writes", () => {
    const subject = configMap();
    subject.update("a", { data: { x: "1", y: "1" } });
    subject.update("a", { data: { x: "2", y: "1" } }, "status");
    expect(refusal(() => subject.apply("b", { data: { x: "3", y: "3" } })).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "a" with subresource "status" using v1:\n- .data.x\n' +
        'conflicts with "a" using v1:\n- .data.y',
    );
  });

  it("lets managers share what they agree on", () => {
    const subject = configMap();
    subject.apply("a", { data: { x: "1" } });
    subject.apply("b", { data: { x: "1" } });
    expect(Object.keys(subject.owners)).toEqual(["b Apply", "a Apply"]);
    subject.apply("a", {});
    expect(subject.live?.data).toEqual({ x: "1" });
    subject.apply("b", {});
    expect(subject.live?.data).toBeUndefined();
  });

  it("leaves what an updater owns when the applier does not state it any more", () => {
    const subject = configMap();
    subject.apply("a", { data: { x: "1", y: "1" } });
    subject.update("u", { data: { x: "2", y: "1" } });
    subject.apply("a", {});
    expect(subject.live?.data).toEqual({ x: "2" });
  });

  it("removes list items with all that is below them, and keeps those of others", () => {
    const subject = deployment();
    subject.apply(
      "a",
      podSpec({
        containers: [
          { name: "one", image: "1" },
          { name: "two", image: "1" },
        ],
      }),
    );
    subject.apply("b", podSpec({ containers: [{ name: "three", image: "1" }] }));
    subject.apply("a", podSpec({ containers: [{ name: "one", image: "1" }] }));
    expect(containersOf(subject)).toEqual([
      { name: "one", image: "1" },
      { name: "three", image: "1" },
    ]);
  });

  it("keeps defaults in an item that is applied again", () => {
    const subject = deployment();
    subject.apply("a", podSpec({ containers: [{ name: "one", image: "1", workingDir: "/" }] }));
    subject.update("defaults", podSpec({ containers: [{ name: "one", image: "1", workingDir: "/", tty: true }] }));
    subject.apply("a", podSpec({ containers: [{ name: "one", image: "1" }] }));
    expect(containersOf(subject)).toEqual([{ name: "one", image: "1", tty: true }]);
  });

  it("orders list items as the configuration does, and those of others behind their neighbours", () => {
    const subject = deployment();
    const named = (...names: string[]): JsonObject => podSpec({ containers: names.map((name) => ({ name })) });
    const names = (): JsonValue[] => (containersOf(subject) as JsonObject[]).map((c) => c.name ?? null);
    subject.apply("a", named("1", "2", "3"));
    subject.apply("b", named("0", "3", "4"));
    expect(names()).toEqual(["1", "2", "0", "3", "4"]);
    subject.apply("a", named("3", "2", "1"));
    expect(names()).toEqual(["0", "3", "4", "2", "1"]);
  });

  it("removes a field that is set to null", () => {
    const subject = deployment();
    subject.apply("a", { spec: { replicas: 1, paused: true } });
    subject.apply("a", { spec: { replicas: 1, paused: null } });
    expect(subject.live?.spec).toEqual({ replicas: 1 });
  });

  it("counts what is there before the first apply as its own manager's", () => {
    const subject = configMap();
    subject.live = deepFreeze({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "o", uid: "u" },
      data: { x: "1" },
    });
    expect(refusal(() => subject.apply("a", { data: { x: "2" } })).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x',
    );
    subject.apply("a", { data: { y: "1" } });
    expect(subject.owners).toEqual({
      "a Apply": { "f:data": { "f:y": {} } },
      "before-first-apply Update": { "f:data": { ".": {}, "f:x": {} } },
    });
  });

  it("gives nobody the fields that the strategy resets", () => {
    const subject = deployment();
    subject.apply("a", { spec: { replicas: 1 }, status: { replicas: 5 } }, { resetFields: [["status"]] });
    expect(subject.owners).toEqual({ "a Apply": { "f:spec": { "f:replicas": {} } } });
  });

  describe("after client-side apply", () => {
    const annotation = "kubectl.kubernetes.io/last-applied-configuration";
    const clientSide = (): Subject => {
      const subject = configMap();
      const lastApplied = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", data: { x: "1", y: "1" } });
      subject.update("kubectl-client-side-apply", {
        metadata: { annotations: { [annotation]: lastApplied } },
        data: { x: "1", y: "1" },
      });
      return subject;
    };

    it("lets kubectl change what it applied before", () => {
      const subject = clientSide();
      subject.apply("kubectl", { data: { x: "2", y: "1" } });
      expect(subject.live?.data).toEqual({ x: "2", y: "1" });
    });

    it("keeps the annotation up to date", () => {
      const subject = clientSide();
      subject.apply("kubectl", { data: { x: "2", y: "a<b" } });
      const annotations = metadataOf(subject.live).annotations as JsonObject;
      expect(annotations[annotation]).toBe(
        '{"apiVersion":"v1","data":{"x":"2","y":"a\\u003cb"},"kind":"ConfigMap","metadata":{"name":"o"}}\n',
      );
    });

    it("does not let it change what someone else changed since, nor others what it applied", () => {
      const subject = clientSide();
      subject.update("edit", { ...subject.live, data: { x: "1", y: "9" } });
      expect(refusal(() => subject.apply("kubectl", { data: { x: "2", y: "1" } })).message).toBe(
        'Apply failed with 1 conflict: conflict with "edit" using v1: .data.y',
      );
      expect(refusal(() => subject.apply("other", { data: { x: "2" } })).message).toContain(
        "kubectl-client-side-apply",
      );
    });
  });

  it.each<[string, JsonValue, number, string]>([
    ["no type", { metadata: { name: "o" } }, 400, "invalid object type: /, Kind="],
    ["another kind", { apiVersion: "v1", kind: "Secret" }, 400, "invalid object type: /v1, Kind=Secret"],
    [
      "another version",
      { apiVersion: "apps/v1", kind: "Deployment" },
      400,
      "invalid object type: apps/v1, Kind=Deployment",
    ],
    [
      "managedFields",
      { apiVersion: "v1", kind: "Pod", metadata: { managedFields: [] } },
      400,
      "metadata.managedFields must be nil",
    ],
    [
      "an unknown field",
      { apiVersion: "v1", kind: "Pod", metadata: { name: "o", namespace: "n" }, nonsense: 1 },
      500,
      "failed to create typed patch object (n/o; /v1, Kind=Pod): .nonsense: field not declared in schema",
    ],
    [
      "a time that is none",
      { apiVersion: "v1", kind: "Pod", metadata: { name: "o" }, status: { startTime: {} } },
      500,
      "failed to create typed patch object (/o; /v1, Kind=Pod): .status.startTime: expected any scalar, got &{map[]}",
    ],
    [
      "an item twice",
      { apiVersion: "v1", kind: "Pod", metadata: { name: "o" }, spec: { containers: [{ name: "c" }, { name: "c" }] } },
      500,
      'failed to create typed patch object (/o; /v1, Kind=Pod): .spec.containers: duplicate entries for key [name="c"]',
    ],
    [
      "an item without its key",
      { apiVersion: "v1", kind: "Pod", metadata: { name: "o" }, spec: { containers: [{}] } },
      500,
      `failed to create typed patch object (/o; /v1, Kind=Pod): .spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
    ],
    [
      "wrong types",
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: 8080 },
        spec: { hostNetwork: "yes", priority: "x", containers: {} },
      },
      500,
      [
        "failed to create typed patch object (/; /v1, Kind=Pod): errors:",
        "  .metadata.name: expected string, got &value.valueUnstructured{Value:8080}",
        "  .spec.hostNetwork: expected boolean, got &{yes}",
        "  .spec.priority: expected numeric (int or float), got string",
        "  .spec.containers: expected list, got &{map[]}",
      ].join("\n"),
    ],
  ])("refuses a configuration with %s", (_, config, code, message) => {
    const shape = published("v1", "Pod");
    const request = {
      live: undefined,
      config,
      manager: "m",
      force: false,
      apiVersion: "v1",
      kind: "Pod",
      timestamp: t(1),
      shape,
    };
    const err = refusal(() => applyPatch(request));
    expect([err.code, err.message]).toEqual([code, message]);
  });

  it("refuses to apply to an object whose items cannot be told apart", () => {
    const shape = published("v1", "ServiceAccount");
    const type = { apiVersion: "v1", kind: "ServiceAccount" };
    const live = { ...type, metadata: { name: "a" }, secrets: [{}] };
    const request = { live, config: type, manager: "m", force: true, apiVersion: "v1", timestamp: t(1), shape };
    expect(() => applyPatch(request)).toThrow(
      `failed to create typed live object (/a; /v1, Kind=ServiceAccount): .secrets: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
    );
  });

  describe("whatever is applied", () => {
    // Nothing empty: that is owned although it is not stored, so applying it again is a change, as in the original.
    const name = fc.constantFrom("a", "b", "c");
    const value = fc.constantFrom("1", "2", "3");
    const env = fc.uniqueArray(fc.record({ name, value }), { selector: (e) => e.name, minLength: 1, maxLength: 3 });
    const container = fc.record(
      { name, image: value, env, args: fc.array(value, { minLength: 1, maxLength: 2 }) },
      { requiredKeys: ["name"] },
    );
    const config = fc.record({
      metadata: fc.record(
        { labels: fc.dictionary(name, value, { minKeys: 1 }), finalizers: fc.uniqueArray(name, { minLength: 1 }) },
        { requiredKeys: [] },
      ),
      spec: fc.record(
        {
          replicas: fc.integer({ min: 0, max: 2 }),
          template: fc.record({
            spec: fc.record({
              containers: fc.uniqueArray(container, { selector: (c) => c.name, minLength: 1, maxLength: 3 }),
            }),
          }),
        },
        { requiredKeys: [] },
      ),
    });
    const step = fc.record({ manager: fc.constantFrom("m1", "m2", "m3"), config });
    const steps = fc.array(step, { minLength: 1, maxLength: 6 });

    it("is in the object afterwards if forced, and applying it again changes nothing", () => {
      fc.assert(
        fc.property(steps, (all) => {
          const subject = new Subject("apps/v1", "Deployment", true);
          for (const { manager, config: applied } of all) {
            subject.apply(manager, applied as JsonObject, { force: true });
            expect(subject.live).toMatchObject(stated(applied as JsonObject, subject.live ?? {}));
            const before = subject.live;
            subject.apply(manager, applied as JsonObject);
            expect(subject.live).toEqual(before);
          }
        }),
      );
    });

    it("leaves nothing behind when nobody states anything any more", () => {
      fc.assert(
        fc.property(steps, (all) => {
          const subject = deployment();
          for (const { manager, config: applied } of all)
            subject.apply(manager, applied as JsonObject, { force: true });
          for (const manager of ["m1", "m2", "m3"]) subject.apply(manager, {});
          expect(leaves(subject.live ?? {}, "")).toEqual([".apiVersion", ".kind", ".metadata.name", ".metadata.uid"]);
        }),
      );
    });

    /** The configuration with its lists in the order and with the additions of the object. */
    function stated(applied: JsonValue, live: JsonValue): JsonObject {
      const merge = (a: JsonValue, l: JsonValue | undefined): JsonValue => {
        if (Array.isArray(a) && Array.isArray(l)) {
          for (const item of a) {
            const key = (v: JsonValue): JsonValue => (typeof v === "object" ? ((v as JsonObject).name ?? null) : v);
            const found = l.find((other) => key(other) === key(item));
            expect(found).toBeDefined();
            merge(item, found);
          }
          return l;
        }
        if (typeof a !== "object" || a === null || Array.isArray(a)) return a;
        const object = (l ?? {}) as JsonObject;
        return Object.fromEntries(
          Object.entries(a)
            .filter(([, v]) => typeof v !== "object" || leaves(v, "").length > 0)
            .map(([k, v]) => [k, merge(v, object[k])]),
        );
      };
      return merge(applied, live) as JsonObject;
    }

    function leaves(v: JsonValue, path: string): string[] {
      if (path === ".metadata.managedFields") return [];
      if (typeof v !== "object" || v === null) return [path];
      return Object.entries(v)
        .flatMap(([k, child]) => leaves(child, `${path}.${k}`))
        .sort();
    }
  });
});
