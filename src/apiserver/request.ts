import type { JsonValue, KubeObject, ListMeta, Status } from "../api/meta/index.ts";
import type { RestOptions } from "../api/rest/index.ts";
import type { Entry } from "../store/index.ts";

/** The verbs of Kubernetes' authorization; `connect` (exec, log, proxy, port-forward) bypasses the object handlers. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export type PatchType =
  | "application/json-patch+json"
  | "application/merge-patch+json"
  | "application/strategic-merge-patch+json"
  | "application/apply-patch+yaml";

/** Options of all verbs; which of them a verb reads is documented with its handler. */
export type RequestOptions = RestOptions;

/**
 * One request to the API, free of HTTP: what the in-process transport sends and what the HTTP layer makes of a request.
 * `body` is a plain JSON value that now belongs to the server (it will be changed in place). It has been parsed, not yet
 * checked against the kind's shape.
 */
export interface ApiRequest {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly options: RequestOptions;
  readonly body?: JsonValue;
  /** Found by the strict JSON or YAML parser: paths of duplicate fields, reported by fieldValidation. */
  readonly duplicateFields?: readonly string[];
  /** Where there are duplicates in JSON: all problems in the document's order, told of which fields are unknown. */
  readonly strictProblems?: (unknown: ReadonlySet<string>) => string[];
  readonly patchType?: PatchType;
  readonly user: UserInfo;
  /** The part of the User-Agent before the first slash is the default field manager. */
  readonly userAgent?: string;
  /** When the server gives the request up, in milliseconds since the epoch: whom it asks gets no more time. */
  readonly deadline?: number;
  /** Ends a watch or a long wait. */
  readonly signal?: AbortSignal;
  /** Keeps notes of those who look at the request, where it is audited. */
  readonly audit?: { annotate(key: string, value: string): void };
}

/** An answer. Objects in it are immutable; `entry` is there when the answer is exactly a stored version (then its bytes are shared). */
export type ApiResponse =
  | {
      readonly kind: "object";
      readonly code: number;
      readonly object: KubeObject;
      readonly entry?: Entry;
      readonly warnings?: readonly string[];
    }
  | {
      readonly kind: "list";
      readonly apiVersion: string;
      readonly listKind: string;
      /** Items say their kind and version themselves: custom resources. Others leave it to the list. */
      readonly hasTypedItems?: boolean;
      readonly metadata: ListMeta;
      readonly items: readonly ListItem[];
      readonly warnings?: readonly string[];
    }
  | { readonly kind: "status"; readonly code: number; readonly status: Status; readonly warnings?: readonly string[] };

/** An object of a list: `entry` when it is exactly a stored version. */
export interface ListItem {
  readonly object: KubeObject;
  readonly entry?: Entry;
}

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject; readonly entry?: Entry }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly status: Status };

/** Receives a watch. Never throws. */
export interface WatchEventSink {
  events(batch: readonly WatchEvent[]): void;
  /** Bytes or events that wait unsent; the server cuts the watch off when it exceeds its bound. */
  backlog?(): number;
  /** Called once, when the server ends the watch (timeout, shutdown, cut off, error after an ERROR event). */
  end(): void;
}

export interface Watching {
  stop(): void;
}

/** The object-level API server: what the HTTP listeners and the in-process transport both call. Refusals are thrown as ApiError. */
export interface ApiHandler {
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** Resolves when the watch has been accepted; refusals (410, bad selector, forbidden) are thrown. */
  watch(request: ApiRequest, sink: WatchEventSink): Promise<Watching>;
}
