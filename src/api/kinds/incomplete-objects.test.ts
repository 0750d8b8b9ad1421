import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deepFreeze, isApiError, type JsonObject, type JsonValue, type KubeObject } from "../meta/index.ts";
import { decodeObject } from "../schema/index.ts";
import { builtinKinds, createKindRegistry, type ResourceKind } from "./index.ts";

const complete = new URL("../../../../shared/spec/roundtrip/", import.meta.url);
/** Of large objects only a part of the fields is left out, one at a time. */
const variantsMax = 50;
const registry = createKindRegistry(builtinKinds());

function decoded(kind: ResourceKind, body: JsonObject): KubeObject | undefined {
  try {
    const { object } = decodeObject(structuredClone(body), kind.shape, { unknownFields: "drop" });
    const draft = object as JsonObject & KubeObject;
    kind.strategy.applyDefaults?.(draft);
    return draft;
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}

/** Everything that is asked of a strategy for one object, as created and, where there is one, as an update of another. */
function exercise(kind: ResourceKind, body: JsonObject, old?: KubeObject): void {
  const { strategy } = kind;
  const draft = decoded(kind, body);
  if (!draft) return;
  strategy.prepareForCreate?.(draft);
  strategy.validate?.(draft);
  strategy.warnings?.(draft);
  for (const field of strategy.selectableFields ?? []) strategy.fieldValue?.(draft, field);
  if (!old) return;
  const changed = decoded(kind, body);
  if (!changed) return;
  strategy.prepareForUpdate?.(changed, old);
  strategy.validateUpdate?.(changed, old);
  strategy.warnings?.(changed, old);
  for (const part of Object.values(strategy.updates ?? {})) {
    const sent = decoded(kind, body);
    if (!sent) continue;
    part.prepareForUpdate(sent, old);
    part.validateUpdate?.(sent, old);
  }
}

/** The object without one of its fields, for each field and each of its items and entries. */
function* without(value: JsonValue): Generator<JsonValue> {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      yield value.filter((_, other) => other !== i);
      for (const less of without(item)) yield value.with(i, less);
    }
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    const { [key]: _, ...rest } = value;
    yield rest;
    for (const less of without(child)) yield { ...value, [key]: less };
  }
}

describe("objects of which something is missing", () => {
  it("are answered for, not stumbled over, when there is only a name", () => {
    for (const kind of builtinKinds()) {
      if (!kind.verbs.includes("create") || !kind.verbs.includes("get")) continue;
      const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
      const body: JsonObject = { apiVersion, kind: kind.kind, metadata: { name: "x" } };
      for (const spec of [undefined, {}, null]) {
        const sent = spec === undefined ? body : { ...body, spec };
        expect(() => exercise(kind, sent), `${apiVersion} ${kind.kind} ${JSON.stringify(spec)}`).not.toThrow();
      }
    }
  });

  it.skipIf(!existsSync(complete))(
    "are answered for whatever is missing (skipped where ../shared is absent)",
    () => {
      let count = 0;
      const failures = new Set<string>();
      for (const file of readdirSync(complete)) {
        if (!file.endsWith(".json")) continue;
        const body = JSON.parse(readFileSync(new URL(file, complete), "utf8")) as JsonObject;
        const kind = registry.byApiVersionKind(String(body.apiVersion), String(body.kind));
        if (!kind) continue;
        const old = decoded(kind, body);
        if (!old) continue;
        deepFreeze(old);
        const variants = [...without(body)];
        const step = Math.ceil(variants.length / variantsMax);
        for (const less of [body, ...variants.filter((_, i) => i % step === 0)]) {
          const sent = less as JsonObject;
          if (typeof sent.metadata !== "object") continue;
          count++;
          try {
            exercise(kind, sent, old);
          } catch (error) {
            failures.add(`${file}: ${error instanceof Error ? error.stack?.split("\n").slice(0, 2).join(" ") : error}`);
          }
        }
      }
      expect([...failures]).toEqual([]);
      expect(count).toBeGreaterThan(1000);
    },
    30_000,
  );
});
