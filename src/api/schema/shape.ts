/**
 * The shape of a value, as compact facts. Built-in kinds get theirs from generated tables, custom resources from their
 * OpenAPI schema; decoding, pruning, defaulting, patches, server-side apply and protobuf all read this.
 */
export type Shape = ObjectShape | ListShape | MapShape | ScalarShape | AnyShape;

/** A struct with known fields. */
export interface ObjectShape {
  readonly kind: "object";
  /** The published definition's name, for example `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string;
  /** The protobuf message, for example `k8s.io.api.core.v1.PodSpec`; absent where none is published. */
  readonly protoName?: string;
  readonly fields: ReadonlyMap<string, FieldShape>;
  /** x-kubernetes-map-type: atomic, for example a label selector: server-side apply owns it whole. */
  readonly atomic?: boolean;
  /** Custom resources: what fields hold that are not named. Without it there may be none. */
  readonly rest?: Shape;
}

export interface FieldShape {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
  /** Go writes this field even when it is empty (a struct without pointer, or a field without omitempty): decode fills it. */
  readonly always?: boolean;
  /** Go drops this scalar when it is zero (no pointer, with omitempty): decode drops it. Other optional scalars keep a zero. */
  readonly omitZero?: boolean;
  /** x-kubernetes-patch-strategy and -merge-key: strategic merge patch only. */
  readonly patchStrategy?: readonly ("merge" | "replace" | "retainKeys")[];
  readonly patchMergeKey?: string;
  /** Protobuf field number; absent where the type has no protobuf form. */
  readonly protoId?: number;
  /** Numbers of the messages, outermost first, that hold the field on the protobuf wire although JSON is flat. */
  readonly protoEmbedded?: readonly number[];
}

export interface ListShape {
  readonly kind: "list";
  readonly items: Shape;
  /** x-kubernetes-list-type; atomic when the published schema says nothing. */
  readonly listType: "atomic" | "set" | "map";
  readonly mapKeys?: readonly string[];
  /** x-kubernetes-list-map-keys may have defaults (protocol: TCP): key field to its default. */
  readonly keyDefaults?: Readonly<Record<string, string | number>>;
  /** On the protobuf wire the list is a message of its own whose field 1 repeats (Go's named list types). */
  readonly protoWrapped?: boolean;
}

export interface MapShape {
  readonly kind: "map";
  readonly values: Shape;
  readonly atomic?: boolean;
}

export interface ScalarShape {
  readonly kind: "scalar";
  readonly scalar: Scalar;
}

export type Scalar =
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "number"
  | "bytes" /* base64 on the JSON wire */
  | "intOrString"
  | "quantity"
  | "time"
  | "microTime"
  | "duration";

/** Any JSON: RawExtension, FieldsV1, JSONSchemaProps' JSON. Kept as it is; server-side apply treats it as a leaf. */
export interface AnyShape {
  readonly kind: "any";
  readonly form: AnyForm;
}

/**
 * How the protobuf wire holds it; those with `schema` are JSONSchemaProps' unions of a schema with something else. What is
 * `deduced` (custom resources, where their schema says nothing) has no protobuf form, and objects in it are no leaves.
 */
export type AnyForm =
  | "rawExtension"
  | "fieldsV1"
  | "json"
  | "schemaOrArray"
  | "schemaOrBool"
  | "schemaOrStrings"
  | "deduced";
