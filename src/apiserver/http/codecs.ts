import type { ResourceKind } from "../../api/kinds/index.ts";
import { formatYaml, MalformedDocument, type Parsed, parseJson, parseYaml } from "../../api/codec/index.ts";
import { errors, type JsonValue } from "../../api/meta/index.ts";
import type { ApiResponse } from "../request.ts";
import { type Format, objectMediaTypes } from "./negotiate.ts";

export interface ParsedBody {
  readonly body: JsonValue;
  readonly duplicateFields?: readonly string[];
}

export interface ParseBodyOptions {
  readonly findDuplicates: boolean;
  /** Goes before what is wrong with the document: it differs from verb to verb. */
  readonly complaint: string;
}

/** Parses a request's body. @throws ApiError 400 in the original's words, 415 for protobuf. */
export function parseBody(bytes: Buffer, format: Format, options: ParseBodyOptions): ParsedBody {
  if (format === "protobuf") throw errors.unsupportedMediaType(objectMediaTypes);
  const { value, duplicates } = parsed(bytes, format, options);
  return duplicates.length === 0 ? { body: value } : { body: value, duplicateFields: duplicates };
}

function parsed(bytes: Buffer, format: "json" | "yaml", options: ParseBodyOptions): Parsed {
  try {
    return format === "json" ? parseJson(bytes, options) : parseYaml(bytes, options);
  } catch (error) {
    if (error instanceof MalformedDocument) throw errors.badRequest(options.complaint + error.message);
    throw error;
  }
}

export function writeYaml(value: object): string {
  return formatYaml(value as JsonValue);
}

export function encodeProtobuf(_object: object, _kind: ResourceKind | undefined): Buffer {
  throw errors.onlyAcceptable(objectMediaTypes.slice(0, 2));
}

export function encodeProtobufList(
  _list: Extract<ApiResponse, { kind: "list" }>,
  kind: ResourceKind | undefined,
): Buffer {
  return encodeProtobuf({}, kind);
}

export function encodeProtobufEvent(_type: string, _object: Buffer): Buffer {
  return encodeProtobuf({}, undefined);
}
