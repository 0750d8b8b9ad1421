import type { Decoding } from "../../api/kinds/index.ts";
import {
  cloneJson,
  errors,
  fieldError,
  formatApiVersion,
  gvkOf,
  type JsonObject,
  type JsonValue,
  type KubeObject,
} from "../../api/meta/index.ts";
import { applyPatch, goPlain, jsonPatch, mergePatch, strategicMergePatch } from "../../api/patch/index.ts";
import type { ObjectShape } from "../../api/schema/index.ts";
import type { ApiResponse, PatchType } from "../request.ts";
import type { Call, HandlerContext } from "./context.ts";
import { decodePatched, foreignType } from "./decode.ts";
import { requiredName } from "./keys.ts";
import { managedByUpdate, ownershipFacts, setManagedFields } from "./managed-fields.ts";
import { matchURL } from "./metadata.ts";
import { changeObject } from "./update.ts";

/** PATCH on an object or one of its subresources that are parts of it: four kinds of patches. */
export async function patch(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request } = call;
  if (request.patchType === "application/apply-patch+yaml") return apply(ctx, call);
  const isStrategic = request.patchType === "application/strategic-merge-patch+json";
  if (isStrategic && call.kind.decode !== undefined) throw errors.unsupportedMediaType(customPatchTypes);
  return changeObject(ctx, call, {
    mayCreate: false,
    next(existing) {
      if (existing === undefined) throw errors.notFound(call.kind, requiredName(request));
      const draft = patchedDraft(call, existing);
      matchURL(draft.metadata, requiredName(request), request.namespace);
      return managedByUpdate(ctx, call, draft, existing);
    },
  });
}

/** What lists of a custom resource are merged by is not known to a strategic merge. */
const customPatchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/apply-patch+yaml",
];

/**
 * Applies the patch and fills in defaults. What a status patch leaves alone outside of metadata and status is that of
 * `existing` itself: it was decoded when it was stored, and this endpoint cannot change it.
 */
function patchedDraft(call: Call, existing: KubeObject): KubeObject {
  const { strategy } = call.kind;
  const untouched = leftAlone(call, existing);
  const draft = patched(call, untouched === undefined ? existing : without(existing, untouched), call.kind);
  strategy.applyDefaults?.(draft);
  return untouched === undefined ? draft : joined(existing, draft, untouched);
}

const statusParts: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "status"]);

/** Fields of the object beside metadata and status, if the request is a status patch of only these; else undefined. */
function leftAlone({ request }: Call, existing: KubeObject): ReadonlySet<string> | undefined {
  const { subresource, patchType, body } = request;
  if (subresource !== "status" || patchType !== "application/strategic-merge-patch+json") return undefined;
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  if (Object.keys(body).some((field) => !statusParts.has(field))) return undefined;
  return new Set(Object.keys(existing).filter((field) => !statusParts.has(field)));
}

function without(object: KubeObject, fields: ReadonlySet<string>): KubeObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.has(field))) as KubeObject & JsonObject;
}

/** The draft with those fields of the object, in the object's order. */
function joined(existing: KubeObject, draft: KubeObject, fields: ReadonlySet<string>): KubeObject {
  const whole: Record<string, unknown> = {};
  const parts = draft as KubeObject & JsonObject;
  for (const [field, value] of Object.entries(existing)) {
    if (fields.has(field)) whole[field] = value;
    else if (field in parts) whole[field] = parts[field];
  }
  for (const field in parts) if (!(field in whole)) whole[field] = parts[field];
  return whole as unknown as KubeObject;
}

/** Applies a JSON, merge or strategic merge patch; the result is decoded and shares nothing with `existing`. */
export function patched(call: Call, existing: KubeObject, kind: Decoding): KubeObject {
  const { patchType = "application/json-patch+json", body = null } = call.request;
  const document = existing as KubeObject & JsonObject;
  const result = cloneJson(patchDocument(patchType, document, body, kind.shape));
  if (typeof result !== "object" || result === null || Array.isArray(result)) {
    throw invalidPatch(
      JSON.stringify(result),
      `json: cannot unmarshal ${typeof result} into Go value of type ${call.kind.kind}`,
    );
  }
  const isStrategic = patchType === "application/strategic-merge-patch+json";
  const shown = () => (isStrategic ? goPlain(body) : JSON.stringify(result));
  const why = settleType(result, existing, isStrategic);
  if (why !== undefined) throw invalidPatch(shown(), why);
  return decodePatched(call, result, kind, (why) => invalidPatch(shown(), why));
}

function patchDocument(type: PatchType, document: JsonObject, body: JsonValue, shape: ObjectShape): JsonValue {
  switch (type) {
    case "application/json-patch+json":
      return jsonPatch(document, body);
    case "application/merge-patch+json":
      return mergePatch(document, body);
    case "application/strategic-merge-patch+json":
      return strategicMergePatch(document, body, shape);
    case "application/apply-patch+yaml":
      throw new Error("apply is not a patch of a document");
    default:
      return type satisfies never;
  }
}

/**
 * A patch that drops the type leaves it to the endpoint, and a strategic merge patch has no say in it. Tells why the
 * type that another patch made of it is none that this endpoint takes.
 */
function settleType(result: JsonObject, existing: KubeObject, isStrategic: boolean): string | undefined {
  for (const field of ["apiVersion", "kind"] as const) {
    const isText = typeof result[field] === "string";
    if (!result[field] || (isStrategic && isText)) result[field] = existing[field];
  }
  const { apiVersion, kind } = result;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined; // decoding refuses it
  if (apiVersion === existing.apiVersion && kind === existing.kind) return undefined;
  return foreignType(apiVersion, kind, gvkOf(existing));
}

function invalidPatch(shown: string, why: string): Error {
  return errors.invalid({ group: "", kind: "" }, "", [fieldError.invalid("patch", shown, why)]);
}

async function apply(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request, kind } = call;
  const name = requiredName(request);
  return changeObject(ctx, call, {
    mayCreate: !request.subresource,
    next(existing) {
      const config = namedConfig(request.body ?? null, name, request.namespace, kind.namespaced);
      const applied = applyPatch({
        ...ownershipFacts(ctx, call),
        live: existing,
        config,
        kind: kind.kind,
        force: request.options.force ?? false,
      });
      const copy = cloneJson(applied.object);
      if (existing !== undefined && !applied.changed) return copy as JsonObject & KubeObject;
      copy.apiVersion ??= formatApiVersion(kind);
      copy.kind ??= kind.kind;
      const draft = decodePatched(call, copy, kind, (why) => errors.badRequest(why));
      kind.strategy.applyDefaults?.(draft);
      matchURL(draft.metadata, name, request.namespace);
      setManagedFields(draft, applied.managedFields);
      return draft;
    },
  });
}

/** The configuration with the name and namespace of the URL where it has none. */
function namedConfig(config: JsonValue, name: string, namespace: string | undefined, namespaced: boolean): JsonValue {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return config;
  const metadata = config.metadata ?? {};
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return config;
  const place: JsonObject = namespaced && namespace ? { namespace } : {};
  return { ...config, metadata: { name, ...place, ...metadata } };
}
