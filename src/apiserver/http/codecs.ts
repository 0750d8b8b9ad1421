import * as codec from "../../api/codec/index.ts";
import {
  encodeMessage,
  formatYaml,
  MalformedDocument,
  type Parsed,
  parseJson,
  parseYaml,
  protobufWatchFrame,
} from "../../api/codec/index.ts";
import type { ResourceKind } from "../../api/kinds/index.ts";
import { errors, type JsonObject, type JsonValue } from "../../api/meta/index.ts";
import { type ObjectShape, shapeOf } from "../../api/schema/index.ts";
import { type Format, objectMediaTypes } from "./negotiate.ts";

export interface ParsedBody {
  readonly body: JsonValue;
  readonly duplicateFields?: readonly string[];
  readonly strictProblems?: Parsed["problems"];
}

export interface ParseBodyOptions {
  readonly findDuplicates: boolean;
  /** What a protobuf document holds that names no known kind. */
  readonly shape?: ObjectShape;
  /** The error for a document that is none, from what is wrong with it. */
  readonly malformed: (problem: string, bytes: Buffer) => Error;
}

/** Parses a request's body; JSON and protobuf are parsed at once. @throws ApiError 400 in the original's words. */
export function parseBody(bytes: Buffer, format: Format, options: ParseBodyOptions): ParsedBody | Promise<ParsedBody> {
  if (format === "yaml") return parseYamlBody(bytes, options);
  try {
    if (format === "protobuf") return { body: codec.decodeProtobuf(bytes, options.shape) };
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

function parsedBody({ value, duplicates, problems }: Parsed): ParsedBody {
  if (duplicates.length === 0) return { body: value };
  return {
    body: value,
    duplicateFields: duplicates.map((text) => duplicateText.exec(text)?.[1] ?? text),
    ...(problems && { strictProblems: problems }),
  };
}

export function writeYaml(value: object): Promise<string> {
  return formatYaml(value as JsonValue);
}

/** Whether objects of a kind have a protobuf form; custom resources have none. */
export function hasProtobuf(kind: ResourceKind | undefined): boolean {
  return kind === undefined || kind.shape.protoName !== undefined;
}

/** How many bytes of messages are kept for further readers. */
const keptMessagesBytesMax = 16 * 1024 * 1024;
/** Messages of objects, which are immutable: encoded once for all lists and watchers. The oldest are forgotten first. */
const messages = new Map<object, Uint8Array>();
let keptMessagesBytes = 0;

/** An object's message. @param keeps whether it is kept for others @throws ApiError 406 for a type that has no protobuf form. */
export function messageOf(value: object, keeps = true): Uint8Array {
  const known = messages.get(value);
  if (known !== undefined) return known;
  // Objects of the API are plain JSON values.
  const message = encodeMessage(value as JsonObject, protobufShape(value));
  if (!keeps) return message;
  messages.set(value, message);
  keptMessagesBytes += message.length;
  for (const [oldest, { length }] of messages) {
    if (keptMessagesBytes <= keptMessagesBytesMax) break;
    messages.delete(oldest);
    keptMessagesBytes -= length;
  }
  return message;
}

/** One object in its envelope. @param keeps as for messageOf @throws ApiError 406 for a type that has no protobuf form. */
export function encodeProtobuf(value: object, keeps = true): Buffer {
  const { apiVersion, kind } = value as { apiVersion?: string; kind?: string };
  return asBuffer(codec.protobufEnvelope(apiVersion ?? "", kind ?? "", messageOf(value, keeps)));
}

/** One event of a watch: the length, then the event with the document in it. */
export function encodeProtobufEvent(type: string, document: Buffer): Buffer {
  return asBuffer(protobufWatchFrame(type, document));
}

function protobufShape(object: { apiVersion?: unknown; kind?: unknown }): ObjectShape {
  // What is discovered of the core group names no version.
  const shape = shapeOf(String(object.apiVersion ?? "v1"), String(object.kind));
  if (shape?.protoName === undefined) throw errors.onlyAcceptable(objectMediaTypes.slice(0, 2));
  return shape;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
