import type { FieldError, JsonObject, KubeObject } from "../meta/index.ts";
import type { Decoded, DecodeOptions, ObjectShape } from "../schema/index.ts";

/** One resource in one API version: everything that the generic API server asks about it. Adding a resource is adding one of these. */
export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  /** Plural, for example `pods`. */
  readonly resource: string;
  readonly kind: string;
  /** Of its lists; default: the kind with `List` behind it. */
  readonly listKind?: string;
  readonly singularName: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly storageVersionHash?: string;
  readonly subresources: ReadonlyMap<string, Subresource>;
  /** Prefix of the store's keys without trailing slash, etcd's layout: `/registry/pods`, `/registry/services/specs`. Shared by all versions of the resource. */
  readonly storagePrefix: string;
  /** The API version in which objects are stored; differs from `version` for the other served versions of a resource. */
  readonly storageVersion: string;
  readonly shape: ObjectShape;
  readonly strategy: Strategy;
  /** The full apiVersion of stored objects: `v1` for events.k8s.io/v1, which are stored as the core group's. */
  readonly storageApiVersion?: string;
  /** Present where the stored version differs. */
  readonly conversion?: Conversion;
  /** How a body becomes a draft where the shape alone does not say it: custom resources. @throws DecodeFailure */
  decode?(draft: JsonObject, options: DecodeOptions): Decoded;
  /** OpenAPI v3 schema of a custom resource; built-in kinds have theirs in the tables. */
  readonly openApiSchema?: JsonObject;
  /** What every request to this version is told. */
  readonly deprecationWarning?: string;
  /** Its definition is being deleted: nothing new is taken. */
  readonly isTerminating?: boolean;
}

/** Between a served version and the stored one. */
export interface Conversion {
  /** May change the draft in place; the answer is in the stored apiVersion. */
  toStorage(draft: KubeObject): KubeObject;
  /** Never changes the stored object; the answer is the object itself where it is what this version says of it. */
  fromStorage(object: KubeObject): KubeObject;
  /** Another server converts: what comes here is in this version already, and what goes is converted afterwards. */
  readonly isRemote?: boolean;
  /** Whether what was written at this revision is as fromStorage gives it, without a look at it. */
  isKept?(revision: number): boolean;
}

export interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** Who asks for a new object: some kinds record it. */
export interface Requester {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/**
 * What a kind does beyond the generic path, on objects in this kind's own version (before they are converted for the
 * store). Every hook may be left out. Hooks named prepare… and applyDefaults change the
 * draft in place (it belongs to the request until it is committed); old objects are never changed.
 */
export interface Strategy {
  /** Fills what users may leave out; runs on every decode of this version. Source: the published defaulting rules. */
  applyDefaults?(draft: KubeObject): void;
  /** Resets what users may not set at creation (status). The generic path has set uid, creationTimestamp and generation 1. */
  prepareForCreate?(draft: KubeObject, requester?: Requester): void;
  /**
   * Resets what an update may not touch (status). The generic path raises generation when `hasGeneration` and the spec
   * changed. `now` in ms since epoch, for what records when it came.
   */
  prepareForUpdate?(draft: KubeObject, old: KubeObject, now?: number): void;
  /** Metadata is validated by the generic path before. */
  validate?(object: KubeObject): FieldError[];
  /** The whole validation of an update, what `validate` says included; without it `validate` is asked. */
  validateUpdate?(object: KubeObject, old: KubeObject): FieldError[];
  /** Texts of Warning headers. */
  warnings?(object: KubeObject, old?: KubeObject): string[];
  /** How the name is checked; the default is a DNS-1123 subdomain. Returns messages. */
  validateName?(name: string, isPrefix: boolean): string[];
  /** Whether metadata.generation is kept: 1 at creation, raised when anything outside metadata and status changes. */
  readonly hasGeneration?: boolean;
  /** Fields a request to each endpoint may not own, for managedFields: `""` is the main resource. Values like `["status"]`. */
  readonly resetFields?: Readonly<Record<string, readonly string[][]>>;
  /** Updates of subresources (status, and others that replace part of the object): what they may change and how it is checked. */
  readonly updates?: Readonly<Record<string, SubresourceStrategy>>;
  /** For fieldSelector, beside metadata.name and metadata.namespace. */
  readonly selectableFields?: readonly string[];
  fieldValue?(object: KubeObject, field: string): string | undefined;
  /** Columns of `kubectl get`; without them: name and age. */
  readonly table?: TableStrategy;
  /** PUT on a name that does not exist creates it (leases, events, ...). */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT without resourceVersion overwrites; true for nearly all kinds. Default true. */
  readonly allowUnconditionalUpdate?: boolean;
  /** Graceful deletion: seconds an object may live on after a delete; undefined deletes at once. Pods only among the built-in kinds. */
  gracePeriod?(object: KubeObject, requested: number | undefined): number | undefined;
  /** Time to live in the store (events: 3600). */
  readonly ttlSeconds?: number;
  /** The scale subresource as a view of this kind. */
  readonly scale?: ScaleStrategy;
  /** Propagation when the client names none; "background" unless said otherwise (replication controllers and others orphan). */
  readonly defaultPropagation?: "Background" | "Orphan";
}

export interface SubresourceStrategy {
  /** Takes over from `old` everything this subresource may not change. */
  prepareForUpdate(draft: KubeObject, old: KubeObject): void;
  validateUpdate?(object: KubeObject, old: KubeObject): FieldError[];
}

export interface ScaleStrategy {
  replicas(object: KubeObject): number;
  statusReplicas(object: KubeObject): number;
  /** The selector in string form, for status.selector. */
  selector(object: KubeObject): string;
  /** A new object with these spec.replicas. */
  withReplicas(object: KubeObject, replicas: number): KubeObject;
}

export interface TableStrategy {
  readonly columns: readonly Column[];
  /** One value per column. `now` in ms since epoch, for ages. */
  cells(object: KubeObject, now: number): readonly (string | number | boolean | null)[];
}

export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  /** 0 shows always, greater only with -o wide. */
  readonly priority?: number;
  readonly description?: string;
}
