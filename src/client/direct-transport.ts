import type { JsonValue, KubeObject } from "../api/meta/index.ts";
import type { ApiHandler, ApiRequest, ApiResponse, ListItem, UserInfo } from "../apiserver/index.ts";
import type { ClientRequest, ClientResponse, Transport } from "./transport.ts";

export interface DirectTransportOptions {
  readonly user: UserInfo;
  /** Its part before the first slash names the field manager of what is written. */
  readonly userAgent: string;
}

/**
 * Speaks to an API server of the same process: objects go in (copied once, since the server owns what it is given) and
 * the server's own immutable objects come out. Nothing is serialized.
 */
export function directTransport(handler: ApiHandler, options: DirectTransportOptions): Transport {
  const asApiRequest = (request: ClientRequest): ApiRequest => ({
    ...request,
    options: request.options ?? noOptions,
    // What callers hand over is an object of the API or a patch, both plain JSON values.
    body: request.body === undefined ? undefined : (copyOf(request.body) as JsonValue),
    user: options.user,
    userAgent: options.userAgent,
  });
  return {
    request: async (request) => asClientResponse(await handler.handle(asApiRequest(request))),
    watch: (request, sink) => handler.watch(asApiRequest(request), sink),
  };
}

const noOptions = {};

function asClientResponse(response: ApiResponse): ClientResponse {
  if (response.kind !== "list") return response;
  return {
    kind: "list",
    metadata: response.metadata,
    items: response.items.map(objectOf),
    warnings: response.warnings,
  };
}

function objectOf(item: ListItem): KubeObject {
  return item.object;
}

/** A deep copy of what callers built: like JSON, members that are undefined are left out. */
function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const out: Record<string, unknown> = {};
  // What callers build are plain objects, which inherit no fields; unlike Object.keys this makes no list of them.
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) out[key] = typeof member === "object" ? copyOf(member) : member;
  }
  return out;
}
