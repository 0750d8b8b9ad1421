import type { KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import { ApiError, errors } from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import { CompactedError, FutureRevisionError, type Store, StoreError } from "../../store/index.ts";
import { type AdmissionChain, createAdmissionChain } from "../admission/index.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { ApiHandler, ApiRequest, ApiResponse, Verb } from "../request.ts";
import type { Call, HandlerContext, WriteCompanion } from "./context.ts";
import { create } from "./create.ts";
import { remove } from "./delete.ts";
import { removeCollection } from "./delete-collection.ts";
import { get } from "./get.ts";
import { list } from "./list.ts";
import { checkDeleteOptions, checkPatchOptions, checkWriteOptions } from "./options.ts";
import { patch } from "./patch.ts";
import { bindPod } from "./subresources/binding.ts";
import type { ReviewPorts } from "./subresources/review-ports.ts";
import { reviews } from "./subresources/reviews.ts";
import { subresourceHandler } from "./subresources/subresources.ts";
import type { TokenIssuer } from "./subresources/token.ts";
import { update } from "./update.ts";
import { watch } from "./watch.ts";
import { endWithKind } from "./watched-kind.ts";

export interface ApiHandlerOptions {
  readonly host: Host;
  readonly store: Store;
  /** Resources that are kept in another store than the rest, by storage prefix. */
  readonly stores?: ReadonlyMap<string, Store> | undefined;
  readonly kinds: KindRegistry;
  /** The store as objects of a kind are to be seen in it, where others convert them. */
  readonly storeFor?: (kind: ResourceKind, store: Store) => Store;
  /** Default: nothing is added and nothing refused. */
  readonly admission?: AdmissionChain;
  /** By storage prefix; see src/apiserver/allocation. */
  readonly companions?: ReadonlyMap<string, WriteCompanion>;
  /** Whom the access reviews ask. It does not stand in front of requests here: that is its caller's affair. */
  readonly authorizer?: Authorizer;
  readonly tokens?: TokenIssuer;
  readonly reviews?: ReviewPorts;
}

/** The object-level API server over a store: every verb of every resource, without authentication and authorization. */
export function createApiHandler(options: ApiHandlerOptions): ApiHandler {
  const { admission = createAdmissionChain([]), companions = new Map(), reviews: ports = {}, stores } = options;
  const ctx: HandlerContext = { ...options, admission, companions, reviews: ports };
  const elsewhere = new Map([...(stores ?? [])].map(([prefix, store]) => [prefix, { ...ctx, store }]));
  const { storeFor } = options;
  const contextOf = (kind: ResourceKind): HandlerContext => {
    const context = elsewhere.get(kind.storagePrefix) ?? ctx;
    const store = storeFor === undefined ? context.store : storeFor(kind, context.store);
    return store === context.store ? context : { ...context, store };
  };
  return {
    async handle(request) {
      const warnings: string[] = [];
      try {
        const kind = kindOf(ctx, request);
        return await handle(contextOf(kind), request, kind, warnings);
      } catch (err) {
        throw withWarnings(asApiError(err), warnings);
      }
    },
    async watch(request, sink) {
      const kind = kindOf(ctx, request);
      if (!kind.verbs.includes("watch")) throw errors.methodNotSupported(kind, "watch");
      const warnings: string[] = [];
      const ended = endWithKind(ctx.kinds, kind, sink);
      try {
        const watching = await watch(contextOf(kind), { request, kind, dryRun: false, warnings }, ended.sink);
        return ended.follow(watching);
      } catch (err) {
        ended.close();
        throw err;
      }
    },
  };
}

async function handle(
  ctx: HandlerContext,
  request: ApiRequest,
  kind: ResourceKind,
  warnings: string[],
): Promise<ApiResponse> {
  const deprecation = deprecationOf(kind);
  const isServed = !request.subresource || kind.subresources.has(request.subresource);
  if (deprecation !== undefined && isServed) warnings.push(deprecation);
  const call: Call = { request, kind, dryRun: checkOptions(request), warnings };
  if (kind.isTerminating && request.verb === "create") throw terminating(kind);
  if (request.subresource) return subresourceHandler(call)(ctx, call);
  if (kind.resource === "bindings" && kind.group === "" && request.verb === "create") return bindPod(ctx, call);
  const review = request.verb === "create" ? reviews.get(`${kind.group}/${kind.resource}`) : undefined;
  if (review !== undefined) return review(ctx, call);
  if (!kind.verbs.includes(request.verb)) throw errors.methodNotSupported(kind, request.verb);
  return verbs[request.verb](ctx, call);
}

const verbs: Readonly<Record<Verb, (ctx: HandlerContext, call: Call) => Promise<ApiResponse>>> = {
  get,
  list,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
  async watch(_ctx, call) {
    throw errors.badRequest(`a watch of ${call.kind.resource} is no single answer`);
  },
};

function kindOf(ctx: HandlerContext, request: ApiRequest): ResourceKind {
  const kind = ctx.kinds.byResource(request.group, request.version, request.resource);
  if (kind === undefined) throw errors.genericNotFound();
  return kind;
}

/** Whether the request is a dry run. */
function checkOptions(request: ApiRequest): boolean {
  switch (request.verb) {
    case "create":
      return checkWriteOptions("CreateOptions", request.options);
    case "update":
      return checkWriteOptions("UpdateOptions", request.options);
    case "patch":
      return checkPatchOptions(request.options, request.patchType === "application/apply-patch+yaml");
    case "delete":
    case "deletecollection":
      return checkDeleteOptions(request.options);
    default:
      return false;
  }
}

/** What every request to a resource on its way out is told. */
const deprecations: ReadonlyMap<string, string> = new Map([
  ["/v1/endpoints", "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
  ["/v1/componentstatuses", "v1 ComponentStatus is deprecated in v1.19+"],
]);

export function deprecationOf({ group, version, resource, deprecationWarning }: ResourceKind): string | undefined {
  return deprecationWarning ?? deprecations.get(`${group}/${version}/${resource}`);
}

function terminating(kind: ResourceKind): Error {
  const { status } = errors.methodNotSupported(kind, "create");
  return new ApiError({ ...status, message: "create not allowed while custom resource definition is terminating" });
}

const errorWarnings = new WeakMap<object, readonly string[]>();

/** The error, to be answered with these Warning headers. */
export function withWarnings(err: unknown, warnings: readonly string[]): unknown {
  if (warnings.length > 0 && typeof err === "object" && err !== null) errorWarnings.set(err, warnings);
  return err;
}

/** Texts of Warning headers that go with a refusal. */
export function warningsOfError(err: unknown): readonly string[] {
  return (typeof err === "object" && err !== null && errorWarnings.get(err)) || [];
}

/** The store's own errors in the API's words; everything else passes. */
function asApiError(err: unknown): unknown {
  if (err instanceof StoreError) return errors.serviceUnavailable(err.message);
  if (err instanceof CompactedError) return errors.resourceExpired(err.message);
  if (err instanceof FutureRevisionError) return errors.timeout(err.message, 1);
  return err;
}
