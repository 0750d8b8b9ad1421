import type { KubeObject, ListMeta, Status } from "../api/meta/index.ts";
import type { PatchType, RequestOptions, Verb, WatchEvent, WatchEventSink, Watching } from "../apiserver/index.ts";

export type { PatchType, RequestOptions, Verb, WatchEvent, WatchEventSink, Watching };

/** One request to the API as clients see it: no user (the transport knows who it speaks for) and no bytes. */
export interface ClientRequest {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly options?: RequestOptions;
  /** An object or a patch. It stays the caller's: transports copy or encode it. */
  readonly body?: unknown;
  readonly patchType?: PatchType;
  readonly signal?: AbortSignal;
}

/** An answer. Its objects are immutable; in process they are the very objects the server keeps. */
export type ClientResponse =
  | { readonly kind: "object"; readonly object: KubeObject; readonly warnings?: readonly string[] }
  | {
      readonly kind: "list";
      readonly metadata: ListMeta;
      readonly items: readonly KubeObject[];
      readonly warnings?: readonly string[];
    }
  | { readonly kind: "status"; readonly status: Status; readonly warnings?: readonly string[] };

/** The way to an API server. Refusals and failures to reach it are thrown as ApiError. */
export interface Transport {
  request(request: ClientRequest): Promise<ClientResponse>;
  /** Resolves when the server has accepted the watch; `sink.end` is called once when it ends by itself. */
  watch(request: ClientRequest, sink: WatchEventSink): Promise<Watching>;
  /** Reads a document that is no resource (discovery, version); absent where there is no HTTP. */
  getPath?(path: string): Promise<unknown>;
  /** Releases connections. */
  close?(): void;
}
