import { errors, type JsonObject, type JsonValue, parseApiVersion } from "../meta/index.ts";
import { decoderOf } from "./compile.ts";
import { DecodeFailure } from "./failure.ts";
import { structName } from "./go-names.ts";
import type { ObjectShape } from "./shape.ts";
import { Trail } from "./trail.ts";

export interface DecodeOptions {
  /** Unknown fields are left out in any case; "collect" also names them. */
  readonly unknownFields: "collect" | "drop";
  /** "map": refused in the words for a map in memory (what a strategic merge patch made) instead of those for JSON. */
  readonly from?: "json" | "map";
}

export interface Decoded {
  /** The very draft, or, where top-level fields were dropped, a copy without them. */
  readonly object: JsonObject;
  /** Paths of unknown fields as the original writes them (`spec.ports[0].foo`), in the document's order. */
  readonly unknownFields: readonly string[];
}

/**
 * Makes a parsed draft what the original would hold after decoding it into its type: checks types, drops nulls,
 * unknown fields and what is empty, fills what is always written, and brings quantities and times into stored form.
 * Works in place on the draft. Throws ApiError 400 with the original's text.
 */
export function decodeObject(value: JsonValue, shape: ObjectShape, options: DecodeOptions): Decoded {
  const trail = new Trail(options.unknownFields === "collect");
  try {
    const object = decoderOf(shape)(value, trail) as JsonObject;
    return { object, unknownFields: trail.unknown ?? [] };
  } catch (err) {
    if (!(err instanceof DecodeFailure)) throw err;
    throw cannotBeHandled(value, shape, options.from === "map" ? err.ofMap : err.message);
  }
}

/** As decodeObject, for a part of an object. @throws DecodeFailure that says nothing of the object around it */
export function decodePart(value: JsonValue, shape: ObjectShape, options: DecodeOptions): Decoded {
  const trail = new Trail(options.unknownFields === "collect");
  const object = decoderOf(shape)(value, trail) as JsonObject;
  return { object, unknownFields: trail.unknown ?? [] };
}

/** The longest list of problems that strict decoding reports. */
const maxProblems = 100;

/**
 * `unknown field "spec.foo"`, `duplicate field "spec.replicas"`: the texts of warnings, and of the strict error.
 * Duplicates are paths, or whole texts (of unknown fields, too) as the parsers of api/codec give them.
 */
export function strictProblems(unknownFields: readonly string[], duplicates: readonly string[]): string[] {
  const texts = new Set<string>();
  for (const text of duplicates) texts.add(isWholeText(text) ? text : `duplicate field "${text}"`);
  for (const path of unknownFields) texts.add(`unknown field "${path}"`);
  return [...texts].slice(0, maxProblems);
}

function isWholeText(text: string): boolean {
  return text.startsWith("yaml: ") || text.startsWith('duplicate field "') || text.startsWith('unknown field "');
}

/** What a strict request (fieldValidation=Strict) gets for its problems. */
export function strictDecodingError(object: JsonValue, shape: ObjectShape, problems: readonly string[]) {
  return cannotBeHandled(object, shape, `strict decoding error: ${problems.join(", ")}`);
}

/** What a request gets whose object cannot be decoded. */
export function cannotBeHandled(value: JsonValue, shape: ObjectShape, why: string) {
  const fields = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  const kind = typeof fields.kind === "string" && fields.kind !== "" ? fields.kind : structName(shape);
  const version = typeof fields.apiVersion === "string" ? parseApiVersion(fields.apiVersion).version : "";
  return errors.badRequest(`${kind} in version "${version}" cannot be handled as a ${structName(shape)}: ${why}`);
}
