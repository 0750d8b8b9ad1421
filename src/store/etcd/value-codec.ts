import { decodeMessage, encodeProtobuf, MalformedDocument, openProtobuf } from "../../api/codec/index.ts";
import { defaulted, inStorageVersion } from "../../api/kinds/index.ts";
import type { JsonObject, KubeObject } from "../../api/meta/index.ts";
import { decodeObject, type ObjectShape, shapeOf } from "../../api/schema/index.ts";
import { StoreError } from "../store.ts";

/** What `--storage-media-type` says: how objects of built-in kinds are written. Custom resources are always JSON. */
export type StorageMediaType = "application/json" | "application/vnd.kubernetes.protobuf";

const protobufMagic = Buffer.from("k8s\0");

/** The bytes of an object as kube-apiserver keeps them: without its resource version, which is the revision of the key. */
export function encodeValue(object: KubeObject, mediaType: StorageMediaType): Buffer {
  const { resourceVersion: _, ...metadata } = object.metadata;
  const stored = { ...object, metadata } as unknown as JsonObject;
  if (mediaType === "application/vnd.kubernetes.protobuf") {
    const shape = shapeOf(String(stored.apiVersion), String(stored.kind));
    if (shape?.protoName !== undefined) {
      const bytes = encodeProtobuf(stored, shape);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
  }
  return Buffer.from(`${JSON.stringify(stored)}\n`);
}

/**
 * The object of a stored value in the version that its kind is stored in today, whatever version an older server wrote, stamped
 * with the revision. @throws StoreError for what is no object of Kubernetes.
 */
export function decodeValue(key: string, value: Buffer, revision: number): KubeObject {
  return decode(key, value, revision, inStorageVersion);
}

/** As `decodeValue`, in the version in which it was written: whoever wrote it may know no other. */
export function decodeOwnVersion(key: string, value: Buffer, revision: number): KubeObject {
  return decode(key, value, revision, defaulted);
}

function decode(key: string, value: Buffer, revision: number, read: (object: KubeObject) => KubeObject): KubeObject {
  try {
    // As the original does with all that it reads, defaults are filled in: what an older server left out, and fields (kinds
    // of claim templates) that have no place in the message.
    const object = read(isProtobuf(value) ? fromProtobuf(value) : fromJson(value));
    object.metadata.resourceVersion = String(revision);
    return object;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError(`the value of ${key} cannot be decoded: ${why}`, { cause: error });
  }
}

export function isProtobuf(value: Buffer): boolean {
  return value.subarray(0, protobufMagic.length).equals(protobufMagic);
}

function fromProtobuf(value: Buffer): KubeObject {
  const { apiVersion, kind, message } = openProtobuf(value);
  const shape = shapeOf(apiVersion, kind);
  if (shape === undefined) throw new MalformedDocument(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return ofShape({ kind, apiVersion, ...decodeMessage(message, shape) }, shape);
}

function fromJson(value: Buffer): KubeObject {
  const object = asObject(JSON.parse(value.toString()));
  const shape = shapeOf(object.apiVersion, object.kind);
  return shape === undefined ? object : ofShape(object as unknown as JsonObject, shape);
}

/** What a server of another version wrote may have fields that are not known here; what it left out has its place. */
function ofShape(document: JsonObject, shape: ObjectShape): KubeObject {
  return asObject(decodeObject(document, shape, { unknownFields: "drop" }).object);
}

function asObject(value: unknown): KubeObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it is no object");
  const { apiVersion, kind, metadata } = value as JsonObject;
  if (typeof apiVersion !== "string" || typeof kind !== "string") throw new Error("it has no apiVersion and kind");
  if (metadata === undefined || metadata === null) return { ...(value as KubeObject), metadata: {} };
  if (typeof metadata !== "object" || Array.isArray(metadata)) throw new Error("its metadata is no object");
  return value as KubeObject;
}
