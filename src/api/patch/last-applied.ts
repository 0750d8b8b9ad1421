import { deepEqual, type JsonObject, type JsonValue } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { compare } from "./compare.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldsOf } from "./fields-of.ts";
import { goJson } from "./path-element.ts";
import { isObject, TypedError } from "./typed.ts";
import { validateConfig } from "./validate-config.ts";

const annotation = "kubectl.kubernetes.io/last-applied-configuration";

/** The largest size of all annotations together, in bytes. */
const annotationsBytesMax = 256 * 1024;

/** The name under which `kubectl apply --server-side` applies: only it takes over from client-side apply. */
export const kubectlManager = "kubectl";

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const { metadata } = object;
  const annotations = isObject(metadata) ? metadata.annotations : undefined;
  return isObject(annotations) ? annotations : undefined;
}

function lastAppliedOf(object: JsonObject): string | undefined {
  const text = annotationsOf(object)?.[annotation];
  return typeof text === "string" && text !== "" ? text : undefined;
}

/**
 * The fields that client-side apply set and that still have the value it gave them: server-side apply of the same
 * client may change them. Undefined if there is no usable annotation.
 */
export function fieldsOfLastApplied(live: JsonObject, apiVersion: string, shape: Shape): FieldSet | undefined {
  const text = lastAppliedOf(live);
  if (text === undefined) return undefined;
  const config = parse(text);
  if (!isObject(config) || config.apiVersion !== apiVersion) return undefined;
  try {
    validateConfig(config, shape);
    const { added, modified, removed } = compare(config, live, shape);
    return fieldsOf(config, shape).difference(modified).difference(added).difference(removed);
  } catch (err) {
    if (err instanceof TypedError) return undefined;
    throw err;
  }
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined; // As the original: an annotation that is no JSON excuses no conflict.
  }
}

/** Keeps the annotation of client-side apply, where there is one, equal to what was applied last. */
export function syncLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (annotations === undefined || lastAppliedOf(object) === undefined) return object;
  const text = `${goJson(sorted(withoutAnnotation(config)))}\n`;
  if (annotations[annotation] === text) return object;
  const { [annotation]: _, ...others } = annotations;
  const next = { ...others, [annotation]: text };
  const fits = sizeOf(next) <= annotationsBytesMax;
  return withAnnotations(object, fits ? next : others);
}

function withoutAnnotation(config: JsonObject): JsonObject {
  const annotations = annotationsOf(config);
  if (annotations === undefined || !(annotation in annotations)) return config;
  const { [annotation]: _, ...others } = annotations;
  return withAnnotations(config, others);
}

function withAnnotations(object: JsonObject, annotations: JsonObject): JsonObject {
  if (deepEqual(annotationsOf(object), annotations)) return object;
  return { ...object, metadata: { ...(object.metadata as JsonObject), annotations } };
}

function sizeOf(annotations: JsonObject): number {
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  return Object.entries(annotations).reduce((sum, [key, value]) => sum + bytes(key) + bytes(String(value)), 0);
}

/** With the keys of all objects in order, as the original encodes objects without a type. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}
