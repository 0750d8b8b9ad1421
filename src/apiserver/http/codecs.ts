import { formatYaml, MalformedDocument, type Parsed, parseJson, parseYaml } from "../../api/codec/index.ts";
import type { ResourceKind } from "../../api/kinds/index.ts";
import { errors, type JsonValue } from "../../api/meta/index.ts";
import type { ApiResponse } from "../request.ts";
import { type Format, objectMediaTypes } from "./negotiate.ts";

export interface ParsedBody {
  readonly body: JsonValue;
  readonly duplicateFields?: readonly string[];
}

export interface ParseBodyOptions {
  readonly findDuplicates: boolean;
  /** The error for a document that is none, from what is wrong with it. */
  readonly malformed: (problem: string, bytes: Buffer) => Error;
}

/** Parses a request's body; JSON is parsed at once. @throws ApiError 400 in the original's words, 415 for protobuf. */
export function parseBody(bytes: Buffer, format: Format, options: ParseBodyOptions): ParsedBody | Promise<ParsedBody> {
  if (format === "protobuf") throw errors.unsupportedMediaType(objectMediaTypes);
  if (format === "yaml") return parseYamlBody(bytes, options);
  try {
    return parsedBody(parseJson(bytes, options));
  } catch (error) {
    throw complaint(error, bytes, options);
  }
}

async function parseYamlBody(bytes: Buffer, options: ParseBodyOptions): Promise<ParsedBody> {
  try {
    return parsedBody(await parseYaml(bytes));
  } catch (error) {
    throw complaint(error, bytes, options);
  }
}

function complaint(error: unknown, bytes: Buffer, options: ParseBodyOptions): unknown {
  return error instanceof MalformedDocument ? options.malformed(error.message, bytes) : error;
}

const duplicateText = /^duplicate field "(.*)"$/;

function parsedBody({ value, duplicates }: Parsed): ParsedBody {
  if (duplicates.length === 0) return { body: value };
  return { body: value, duplicateFields: duplicates.map((text) => duplicateText.exec(text)?.[1] ?? text) };
}

export function writeYaml(value: object): Promise<string> {
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
