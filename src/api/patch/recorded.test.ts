import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ApiError, deepEqual, deepFreeze, type JsonObject, type JsonValue, type KubeObject } from "../meta/index.ts";
import { type ObjectShape, shapeOf } from "../schema/index.ts";
import { applyPatch, jsonPatch, mergePatch, strategicMergePatch, updateManagedFields } from "./index.ts";

const recording = join(import.meta.dirname, "../../../../shared/spec/recorded/exchanges.jsonl");

interface Step {
  readonly method: string;
  readonly path: string;
  readonly ct?: string;
  readonly body?: JsonValue;
  readonly expect?: { readonly status: number; readonly body?: JsonObject };
}
interface Case {
  readonly id: string;
  readonly steps: readonly Step[];
}

const timestamp = "<time>";

/** What admission, allocators and the strategy set after the owners were recorded, as far as a create shows it. */
const setLater: Readonly<Record<string, RegExp>> = {
  Pod: /^f:spec|^f:metadata/,
  Service: /^f:spec/,
  Job: /^f:(metadata|spec)/,
  Namespace: /^f:spec/,
  Node: /^f:spec/,
  PersistentVolume: /^f:metadata/,
  PersistentVolumeClaim: /^f:metadata/,
};

/** Their answer holds defaults, or other spellings of quantities, inside what an apply replaces whole. */
const defaultedInside = new Set(
  `Secret Endpoints Pod ReplicationController LimitRange StatefulSet Job NetworkPolicy EndpointSlice RoleBinding
  ClusterRoleBinding RuntimeClass ValidatingWebhookConfiguration MutatingWebhookConfiguration ResourceClaim
  ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding`.split(/\s+/),
);

/** A controller of the API server wrote to the object between two steps, or the strategy resets the whole spec. */
const writtenByServer =
  /^(CertificateSigningRequest|FlowSchema|CustomResourceDefinition|APIService|PriorityLevel\w+)\//;

describe.skipIf(!existsSync(recording))("recorded answers of the original API server", () => {
  const cases = existsSync(recording)
    ? readFileSync(recording, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Case)
    : [];

  it("gives the owners that every create got", () => {
    let compared = 0;
    for (const { id, steps } of cases) {
      for (const step of steps) {
        const object = createdBy(step);
        const shape = object && shapeOf(object.apiVersion, object.kind);
        // What these sent as an empty list is answered as null.
        if (object === undefined || shape === undefined || /empty list|\.0 removed$/.test(id)) continue;
        if (object.kind === "CertificateSigningRequest" || object.kind === "IPAddress") continue;
        const { managedFields: theirs, ...metadata } = object.metadata;
        const ours = updateManagedFields({
          live: undefined,
          next: deepFreeze({ ...object, metadata }),
          manager: theirs?.[0]?.manager ?? "unknown",
          apiVersion: object.apiVersion,
          timestamp,
          shape,
          resetFields: resetFieldsOf(shape),
        });
        const later = setLater[object.kind];
        if (later === undefined) expect(JSON.stringify(ours), id).toBe(JSON.stringify(theirs));
        else expect(extraFields(ours?.[0]?.fieldsV1, theirs?.[0]?.fieldsV1, ""), id).toSatisfy(allMatch(later));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(800);
  });

  it("gives the objects, owners and refusals that every patch and apply got", () => {
    const counts = { objects: 0, owners: 0, refusals: 0 };
    for (const { id, steps } of cases) {
      const stored = new Map<string, KubeObject>();
      for (const step of steps) {
        const [path = ""] = step.path.split("?");
        if (step.method === "PATCH") replayPatch(id, step, stored.get(path), counts);
        remember(stored, path, step);
      }
    }
    expect(counts.objects).toBeGreaterThan(340);
    expect(counts.owners).toBeGreaterThan(480);
    expect(counts.refusals).toBeGreaterThan(250);
  });
});

function createdBy({ method, path, body, expect: expected }: Step): KubeObject | undefined {
  if (method !== "POST" || expected?.status !== 201 || /reviews|binding|eviction|token/.test(path)) return undefined;
  const object = expected.body as unknown as KubeObject;
  return object.metadata !== undefined && object.kind === (body as JsonObject).kind ? object : undefined;
}

function resetFieldsOf(shape: ObjectShape): string[][] {
  return shape.fields.has("status") ? [["status"]] : [];
}

function allMatch(pattern: RegExp): (paths: string[]) => boolean {
  return (paths) => paths.every((path) => pattern.test(path));
}

/** Where the two differ; a field that only they have counts as a difference that nothing excuses. */
function extraFields(ours: JsonValue | undefined, theirs: JsonValue | undefined, path: string): string[] {
  if (deepEqual(ours, theirs)) return [];
  if (ours === undefined) return [`missing ${path}`];
  if (theirs === undefined) return [path];
  const left = ours as JsonObject;
  const right = theirs as JsonObject;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => extraFields(left[key], right[key], path === "" ? key : `${path}/${key}`));
}

function remember(stored: Map<string, KubeObject>, path: string, step: Step): void {
  const subresource = /\/(scale|status|binding|eviction|resize|ephemeralcontainers)$/;
  const object = step.expect?.body as unknown as KubeObject | undefined;
  if (step.method === "DELETE" || (step.expect === undefined && step.method !== "GET")) stored.delete(path);
  if (subresource.test(path)) stored.delete(path.replace(subresource, ""));
  else if (object?.metadata?.uid && !step.path.includes("dryRun") && object.kind !== "PartialObjectMetadata") {
    stored.set(step.method === "POST" ? `${path}/${object.metadata.name}` : path, object);
  }
}

function replayPatch(
  id: string,
  step: Step,
  live: KubeObject | undefined,
  counts: { objects: number; owners: number; refusals: number },
): void {
  const query = new URLSearchParams(step.path.split("?")[1] ?? "");
  const isApply = step.ct === "application/apply-patch+yaml";
  const theirs = step.expect?.body as unknown as KubeObject | undefined;
  if (theirs === undefined || step.ct === "text/plain" || typeof step.body === "string") return;
  if (isApply && query.get("fieldManager") === null) return;
  // The step before was answered differently from run to run: what is stored is not known.
  if (isApply && live === undefined && step.expect?.status !== 201) return;
  const known = live ?? (isApply ? (step.body as unknown as KubeObject) : undefined);
  const shape = known && shapeOf(known.apiVersion, known.kind);
  if (known === undefined || shape === undefined) return;
  const common = { live: deepFreeze(live), timestamp, shape, resetFields: resetFieldsOf(shape) };
  const place = `${id}: ${JSON.stringify(step.body)}`;
  const succeeded = (step.expect?.status ?? 500) < 300;
  const request = { ...common, apiVersion: known.apiVersion, manager: query.get("fieldManager") ?? "unknown" };
  try {
    const body = deepFreeze(step.body ?? null);
    if (isApply) {
      const force = query.get("force") === "true";
      const applied = applyPatch({ ...request, config: body, force, kind: known.kind });
      expect(succeeded, place).toBe(true);
      if (writtenByServer.test(id)) return;
      expect(applied.managedFields, place).toEqual(theirs.metadata.managedFields);
      counts.owners++;
      if (live === undefined || defaultedInside.has(known.kind)) return;
      expect(bare(applied.object), place).toEqual(bare(theirs));
      expect(applied.changed, place).toBe(!deepEqual(live, theirs));
    } else {
      const next = patched(step.ct ?? "", asJson(known), body, shape);
      // Refused later, by a strategy that is not part of this.
      if (!succeeded || writtenByServer.test(id)) return;
      const metadata = { ...theirs.metadata, managedFields: (next as unknown as KubeObject).metadata.managedFields };
      const owners = updateManagedFields({ ...request, next: { ...theirs, metadata } });
      expect(owners, place).toEqual(theirs.metadata.managedFields);
      counts.owners++;
      if (id !== "strategic merge directives" || !needsDefaults(step.body ?? null)) {
        expect(bare(next), place).toEqual(bare(theirs));
      }
    }
    counts.objects++;
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    expect(err.status, place).toEqual(theirs);
    counts.refusals++;
  }
}

function patched(type: string, live: JsonObject, patch: JsonValue, shape: ObjectShape): JsonObject {
  if (type === "application/json-patch+json") return jsonPatch(live, patch) as JsonObject;
  if (type === "application/merge-patch+json") return mergePatch(live, patch);
  return strategicMergePatch(live, patch, shape);
}

/** The three of the recorded directives whose result the original fills with defaults. */
function needsDefaults(patch: JsonValue): boolean {
  return /"i3"|hostPath|"replicas":null/.test(JSON.stringify(patch));
}

function asJson(object: object): JsonObject {
  return object as JsonObject;
}

/** Without what the server counts and the owners, which are compared on their own. */
function bare(object: object): object {
  const { metadata, ...rest } = object as unknown as KubeObject;
  const { managedFields: _, resourceVersion: __, generation: ___, ...others } = metadata;
  return { ...rest, metadata: others };
}
