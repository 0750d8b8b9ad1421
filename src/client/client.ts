import {
  ApiError,
  errors,
  formatApiVersion,
  isReason,
  type KubeObject,
  type ListMeta,
  type ObjectKey,
  type Status,
} from "../api/meta/index.ts";
import type {
  ClientRequest,
  ClientResponse,
  PatchType,
  RequestOptions,
  Transport,
  Verb,
  WatchEventSink,
  Watching,
} from "./transport.ts";

/** What names a resource of the API and types its objects: one of `resources`, or made by hand for custom resources. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  /** Plural, for example `pods`. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries the type of the objects. */
  readonly object?: T;
}

/** An object to be sent: apiVersion and kind may be left out, the resource's are filled in. */
export type Draft<T extends KubeObject> = Omit<T, "apiVersion" | "kind"> & { apiVersion?: string; kind?: string };

export interface Listed<T> {
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

/** A part of RequestOptions; `namespace` left out means all namespaces. */
export interface ListOptions extends RequestOptions {
  readonly namespace?: string;
  readonly signal?: AbortSignal;
}

export interface ResourceReader<T extends KubeObject> {
  /** @throws ApiError NotFound. */
  get(key: ObjectKey, options?: RequestOptions): Promise<T>;
  /** As get, but undefined when there is none. */
  find(key: ObjectKey, options?: RequestOptions): Promise<T | undefined>;
  list(options?: ListOptions): Promise<Listed<T>>;
  watch(options: ListOptions, sink: WatchEventSink): Promise<Watching>;
}

/** Objects name themselves: namespace and name are read from their metadata. */
export interface ResourceWriter<T extends KubeObject> {
  create(object: Draft<T>, options?: RequestOptions): Promise<T>;
  update(object: Draft<T>, options?: RequestOptions): Promise<T>;
  updateStatus(object: Draft<T>, options?: RequestOptions): Promise<T>;
  patch(key: ObjectKey, type: PatchType | PatchName, patch: unknown, options?: RequestOptions): Promise<T>;
  patchStatus(key: ObjectKey, type: PatchType | PatchName, patch: unknown, options?: RequestOptions): Promise<T>;
  /** Server-side apply. */
  apply(object: Draft<T>, options: RequestOptions & { readonly fieldManager: string }): Promise<T>;
  /** Gives what the server answers: the object while it still exists, else a Status. */
  delete(key: ObjectKey, options?: RequestOptions): Promise<T | Status>;
  deleteCollection(options?: ListOptions): Promise<void>;
}

/** A subresource such as `binding`, `eviction`, `scale`, `token`; S is the type of what it takes and gives. */
export interface SubresourceClient<S> {
  get(key: ObjectKey, options?: RequestOptions): Promise<S>;
  create(key: ObjectKey, body: unknown, options?: RequestOptions): Promise<S>;
  update(key: ObjectKey, body: unknown, options?: RequestOptions): Promise<S>;
  patch(key: ObjectKey, type: PatchType | PatchName, patch: unknown, options?: RequestOptions): Promise<S>;
}

export interface ResourceClient<T extends KubeObject> extends ResourceReader<T>, ResourceWriter<T> {
  subresource<S = KubeObject>(name: string): SubresourceClient<S>;
}

export interface Reader {
  resource<T extends KubeObject>(type: ResourceType<T>): ResourceReader<T>;
}

export interface Writer {
  resource<T extends KubeObject>(type: ResourceType<T>): ResourceWriter<T>;
}

/** A Reader and a Writer; take the narrowest that is enough. */
export interface Client {
  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T>;
  readonly transport: Transport;
}

export type PatchName = "json" | "merge" | "strategic" | "apply";

const patchTypes: Record<PatchName, PatchType> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

export function createClient(transport: Transport): Client {
  return { transport, resource: (type) => new TransportResource(transport, type) };
}

/** The resource type of an object found by discovery or in an owner reference. */
export function resourceType<T extends KubeObject = KubeObject>(type: ResourceType<T>): ResourceType<T> {
  return type;
}

interface Call {
  readonly key?: ObjectKey;
  readonly namespace?: string;
  readonly subresource?: string;
  readonly options?: RequestOptions;
  readonly body?: unknown;
  readonly patchType?: PatchType;
  readonly signal?: AbortSignal;
}

class TransportResource<T extends KubeObject> implements ResourceClient<T> {
  readonly #transport: Transport;
  readonly #type: ResourceType<T>;
  readonly #apiVersion: string;

  constructor(transport: Transport, type: ResourceType<T>) {
    this.#transport = transport;
    this.#type = type;
    this.#apiVersion = formatApiVersion(type);
  }

  get(key: ObjectKey, options?: RequestOptions): Promise<T> {
    return this.#object("get", { key, options });
  }

  async find(key: ObjectKey, options?: RequestOptions): Promise<T | undefined> {
    try {
      return await this.get(key, options);
    } catch (error) {
      if (isReason(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async list(options: ListOptions = {}): Promise<Listed<T>> {
    const response = await this.#transport.request(this.#listRequest("list", options));
    if (response.kind !== "list") throw unexpected("a list", response);
    // The server lists objects of the resource that was asked for.
    return { metadata: response.metadata, items: response.items as readonly T[] };
  }

  watch(options: ListOptions, sink: WatchEventSink): Promise<Watching> {
    return this.#transport.watch(this.#listRequest("watch", options), sink);
  }

  create(object: Draft<T>, options?: RequestOptions): Promise<T> {
    const namespace = object.metadata.namespace;
    return this.#object("create", { namespace, body: this.#typed(object), options });
  }

  update(object: Draft<T>, options?: RequestOptions): Promise<T> {
    return this.#object("update", { key: keyFor(object), body: this.#typed(object), options });
  }

  updateStatus(object: Draft<T>, options?: RequestOptions): Promise<T> {
    const body = this.#typed(object);
    return this.#object("update", { key: keyFor(object), subresource: "status", body, options });
  }

  patch(key: ObjectKey, type: PatchType | PatchName, patch: unknown, options?: RequestOptions): Promise<T> {
    return this.#object("patch", { key, body: patch, patchType: patchTypeOf(type), options });
  }

  patchStatus(key: ObjectKey, type: PatchType | PatchName, patch: unknown, options?: RequestOptions): Promise<T> {
    return this.#object("patch", { key, subresource: "status", body: patch, patchType: patchTypeOf(type), options });
  }

  apply(object: Draft<T>, options: RequestOptions & { readonly fieldManager: string }): Promise<T> {
    return this.patch(keyFor(object), "apply", this.#typed(object), options);
  }

  async delete(key: ObjectKey, options?: RequestOptions): Promise<T | Status> {
    const response = await this.#call("delete", { key, options });
    if (response.kind === "status") return response.status;
    if (response.kind === "object") return response.object as T;
    throw unexpected("an object or a status", response);
  }

  async deleteCollection(options: ListOptions = {}): Promise<void> {
    await this.#transport.request(this.#listRequest("deletecollection", options));
  }

  subresource<S = KubeObject>(subresource: string): SubresourceClient<S> {
    const call = async (verb: Verb, rest: Call): Promise<S> => {
      const response = await this.#call(verb, { ...rest, subresource });
      if (response.kind === "list") throw unexpected("an object or a status", response);
      return (response.kind === "status" ? response.status : response.object) as S;
    };
    return {
      get: (key, options) => call("get", { key, options }),
      create: (key, body, options) => call("create", { key, body, options }),
      update: (key, body, options) => call("update", { key, body, options }),
      patch: (key, type, patch, options) => call("patch", { key, body: patch, patchType: patchTypeOf(type), options }),
    };
  }

  #listRequest(verb: Verb, options: ListOptions): ClientRequest {
    const { namespace, signal, ...rest } = options;
    return { ...this.#base(verb), namespace, signal, options: rest };
  }

  async #object(verb: Verb, call: Call): Promise<T> {
    const response = await this.#call(verb, call);
    if (response.kind !== "object") throw unexpected("an object", response);
    return response.object as T;
  }

  #call(verb: Verb, { key, namespace, ...rest }: Call): Promise<ClientResponse> {
    return this.#transport.request({
      ...this.#base(verb),
      namespace: key === undefined ? namespace : key.namespace,
      name: key?.name,
      ...rest,
    });
  }

  #base(verb: Verb): ClientRequest {
    const { group, version, resource } = this.#type;
    return { verb, group, version, resource };
  }

  #typed(object: Draft<T>): Draft<T> {
    if (object.apiVersion !== undefined && object.kind !== undefined) return object;
    return { apiVersion: this.#apiVersion, kind: this.#type.kind, ...object };
  }
}

function keyFor(object: { metadata: { namespace?: string; name?: string } }): ObjectKey {
  const { namespace, name } = object.metadata;
  if (name === undefined || name === "") throw errors.badRequest("name must be provided");
  return { namespace, name };
}

function patchTypeOf(type: PatchType | PatchName): PatchType {
  return type in patchTypes ? patchTypes[type as PatchName] : (type as PatchType);
}

function unexpected(wanted: string, response: ClientResponse): ApiError {
  if (response.kind === "status" && response.status.status === "Failure") return new ApiError(response.status);
  return errors.internalError(new Error(`the server answered with ${response.kind} where ${wanted} was expected`));
}
