import { decodeMessage, encodeProtobuf, MalformedDocument, openProtobuf } from "../../api/codec/index.ts";
import { builtinKinds, createKindRegistry, type KindRegistry } from "../../api/kinds/index.ts";
import type { JsonObject, KubeObject } from "../../api/meta/index.ts";
import { decodeObject, shapeOf } from "../../api/schema/index.ts";
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

/** The object of a stored value, stamped with the revision. @throws StoreError for what is no object of Kubernetes. */
export function decodeValue(key: string, value: Buffer, revision: number): KubeObject {
  try {
    const object = isProtobuf(value) ? fromProtobuf(value) : fromJson(value);
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
  const document = { kind, apiVersion, ...decodeMessage(message, shape) };
  const object = asObject(decodeObject(document, shape, { unknownFields: "drop" }).object);
  // As the original does with all that it reads: some fields (kinds of claim templates) have no place in the message.
  registry ??= createKindRegistry(builtinKinds());
  registry.byApiVersionKind(apiVersion, kind)?.strategy.applyDefaults?.(object);
  return object;
}

let registry: KindRegistry | undefined;

function fromJson(value: Buffer): KubeObject {
  return asObject(JSON.parse(value.toString()));
}

function asObject(value: unknown): KubeObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it is no object");
  const { apiVersion, kind, metadata } = value as JsonObject;
  if (typeof apiVersion !== "string" || typeof kind !== "string") throw new Error("it has no apiVersion and kind");
  if (metadata === undefined || metadata === null) return { ...(value as KubeObject), metadata: {} };
  if (typeof metadata !== "object" || Array.isArray(metadata)) throw new Error("its metadata is no object");
  return value as KubeObject;
}
