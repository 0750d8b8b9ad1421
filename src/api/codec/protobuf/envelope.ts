import type { JsonObject } from "../../meta/index.ts";
import { type ObjectShape, shapeByName, shapeOf } from "../../schema/index.ts";
import { MalformedDocument } from "../parsed.ts";
import { decodeMessage } from "./decode.ts";
import { encodeMessage } from "./encode.ts";
import { Reader } from "./reader.ts";
import { BackwardWriter } from "./writer.ts";

/** What every Kubernetes protobuf document begins with; a runtime.Unknown message follows. */
const magic = Buffer.from("k8s\0");

/** A whole document: magic, and the object's message in an envelope that names its kind. */
export function encodeProtobuf(object: JsonObject, shape: ObjectShape): Uint8Array {
  const { apiVersion, kind } = object;
  return protobufEnvelope(String(apiVersion ?? ""), String(kind ?? ""), encodeMessage(object, shape));
}

/** Puts an encoded message into its envelope. */
export function protobufEnvelope(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const writer = new BackwardWriter();
  endEnvelope(writer);
  writer.lengthDelimited(2, message);
  beginEnvelope(writer, apiVersion, kind);
  return writer.finish();
}

function beginEnvelope(writer: BackwardWriter, apiVersion: string, kind: string): void {
  const mark = writer.length;
  writer.string(2, kind);
  writer.string(1, apiVersion);
  writer.message(1, mark);
  writer.bytes(magic);
}

function endEnvelope(writer: BackwardWriter): void {
  writer.string(4, ""); // contentType
  writer.string(3, ""); // contentEncoding
}

/** What surrounds the items of a list; between `head` and `tail` each item is its `protobufItemHead` and its message. */
export interface ProtobufListFrame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/**
 * The frame of a list whose items, with their heads, have so many bytes together: lengths come first in this format, the
 * items themselves need not be there yet.
 */
export function protobufListFrame(
  list: { apiVersion: string; kind: string; metadata: JsonObject },
  itemsBytes: number,
): ProtobufListFrame {
  const metadata = new BackwardWriter();
  metadata.lengthDelimited(1, encodeMessage(list.metadata, listMeta()));
  const head = new BackwardWriter();
  head.bytes(metadata.finish());
  head.varint(head.length + itemsBytes);
  head.tag(2, 2);
  beginEnvelope(head, list.apiVersion, list.kind);
  const tail = new BackwardWriter();
  endEnvelope(tail);
  return { head: head.finish(), tail: tail.finish() };
}

/** What stands before an item of so many bytes in a list. */
export function protobufItemHead(messageBytes: number): Uint8Array {
  const writer = new BackwardWriter(16);
  writer.varint(messageBytes);
  writer.tag(2, 2);
  return writer.finish();
}

function listMeta(): ObjectShape {
  const shape = shapeByName("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");
  if (shape === undefined) throw new Error("no definition of ListMeta");
  return shape;
}

export interface ProtobufDocument {
  readonly apiVersion: string;
  readonly kind: string;
  readonly message: Uint8Array;
}

/** Opens an envelope. */
export function openProtobuf(bytes: Uint8Array): ProtobufDocument {
  if (bytes.length < magic.length || !magic.equals(bytes.subarray(0, magic.length))) {
    throw new MalformedDocument(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  }
  const reader = new Reader(bytes, magic.length);
  let apiVersion = "";
  let kind = "";
  let message: Uint8Array = new Uint8Array(0);
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) [apiVersion, kind] = readTypeMeta(reader.message());
    else if (tag === 18) message = reader.bytes();
    else reader.skip(tag % 8);
  }
  return { apiVersion, kind, message };
}

function readTypeMeta(reader: Reader): [apiVersion: string, kind: string] {
  let apiVersion = "";
  let kind = "";
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) apiVersion = reader.string();
    else if (tag === 18) kind = reader.string();
    else reader.skip(tag % 8);
  }
  return [apiVersion, kind];
}

/**
 * Decodes a whole document by the kind that its envelope names, or by the shape given. The result is the plain JSON of
 * the wire, zero values included: decodeObject of api/schema brings it into the stored form.
 */
export function decodeProtobuf(bytes: Uint8Array, expected?: ObjectShape): JsonObject {
  const { apiVersion, kind, message } = openProtobuf(bytes);
  const shape = shapeOf(apiVersion, kind) ?? expected;
  if (shape === undefined) throw new MalformedDocument(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { kind, apiVersion, ...decodeMessage(message, shape) };
}

/** A frame of a protobuf watch: its length in four bytes, then a WatchEvent that holds the object's whole document. */
export function protobufWatchFrame(type: string, document: Uint8Array): Uint8Array {
  const writer = new BackwardWriter();
  const mark = writer.length;
  writer.lengthDelimited(1, document);
  writer.message(2, mark);
  writer.string(1, type);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(writer.length);
  writer.bytes(size);
  return writer.finish();
}

/** Reads the message of a watch frame (without its length): the type and the object's document. */
export function readProtobufWatchEvent(message: Uint8Array): { type: string; document: Uint8Array } {
  const reader = new Reader(message);
  let type = "";
  let document: Uint8Array = new Uint8Array(0);
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) type = reader.string();
    else if (tag === 18) {
      const raw = reader.message();
      while (!raw.done) {
        const inner = raw.varint();
        if (inner === 10) document = raw.bytes();
        else raw.skip(inner % 8);
      }
    } else reader.skip(tag % 8);
  }
  return { type, document };
}
