import { errors, type FieldError, fieldError, formatTime, type KubeObject, root } from "../../../api/meta/index.ts";
import type { ApiResponse } from "../../request.ts";
import { type Call, type HandlerContext, warningsOf } from "../context.ts";
import { createAttributes } from "../create.ts";
import { decodeSubresourceBody } from "../decode.ts";
import { objectKey, requiredName } from "../keys.ts";

/** An object that a token speaks for, or lives and dies with. */
export interface TokenOwner {
  readonly name: string;
  readonly uid: string;
}

export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
}

/** Signs tokens of service accounts; what a request may ask for has been checked. */
export interface TokenIssuer {
  issue(spec: {
    readonly namespace: string;
    readonly serviceAccount: TokenOwner;
    /** Empty: the API server's own. */
    readonly audiences: readonly string[];
    readonly expirationSeconds: number;
    readonly pod?: TokenOwner;
    readonly secret?: TokenOwner;
    readonly node?: TokenOwner;
  }): IssuedToken;
  /** The API server's own. */
  readonly audiences: readonly string[];
}

interface BoundObject {
  kind?: string;
  apiVersion?: string;
  name?: string;
  uid?: string;
}
type TokenRequest = KubeObject & {
  spec?: { audiences?: string[]; expirationSeconds?: number; boundObjectRef?: BoundObject };
};

const tokenType = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
const defaultExpirationSeconds = 3600;
const expirationSecondsMin = 600;
const expirationSecondsMax = 2 ** 32;

/** POST of a TokenRequest on a service account. */
export async function requestToken(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { request, kind } = call;
  if (ctx.tokens === undefined) throw errors.genericNotFound();
  const name = requiredName(request);
  const sent: TokenRequest = decodeSubresourceBody(ctx, call, tokenType);
  const spec = { ...sent.spec };
  spec.expirationSeconds ??= defaultExpirationSeconds;
  const account = (await ctx.store.get(objectKey(kind, request.namespace, name)))?.object;
  if (account === undefined) throw errors.notFound(kind, name);
  const attributes = createAttributes(call, sent);
  await ctx.admission.admit(attributes);
  const found = validate(spec.expirationSeconds);
  if (found.length > 0) throw errors.invalid(tokenType, "", found);
  await ctx.admission.validate(attributes);
  const namespace = request.namespace ?? "";
  const bound = await boundObject(ctx, namespace, name, spec.boundObjectRef);
  spec.audiences = spec.audiences?.length ? spec.audiences : [...ctx.tokens.audiences];
  const issued = ctx.tokens.issue({
    namespace,
    serviceAccount: ownerOf(account),
    audiences: spec.audiences,
    expirationSeconds: spec.expirationSeconds,
    ...bound,
  });
  const object = {
    ...sent,
    metadata: { ...sent.metadata, name, namespace, creationTimestamp: formatTime(ctx.host.clock.now()) },
    spec,
    status: { token: issued.token, expirationTimestamp: issued.expirationTimestamp },
  };
  return { kind: "object", code: 201, object, warnings: warningsOf(call) };
}

function validate(seconds: number): FieldError[] {
  const path = root("spec", "expirationSeconds");
  if (seconds < expirationSecondsMin) {
    return [fieldError.invalid(path, seconds, "may not specify a duration less than 10 minutes")];
  }
  if (seconds > expirationSecondsMax) {
    return [fieldError.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")];
  }
  return [];
}

type Bound = { pod?: TokenOwner; secret?: TokenOwner; node?: TokenOwner };

async function boundObject(
  ctx: HandlerContext,
  namespace: string,
  account: string,
  ref: BoundObject | undefined,
): Promise<Bound> {
  if (ref === undefined) return {};
  const kindName = `${ref.apiVersion ?? ""}, Kind=${ref.kind ?? ""}`;
  const resource = ref.apiVersion === "v1" ? boundResources[ref.kind ?? ""] : undefined;
  if (resource === undefined) throw errors.badRequest(`cannot bind token to object of type ${kindName}`);
  const object = await lookUp(ctx, resource, namespace, ref);
  if (resource === "secrets") return { secret: ownerOf(object) };
  if (resource === "nodes") return { node: ownerOf(object) };
  const { spec } = object as KubeObject & { spec?: { serviceAccountName?: string; nodeName?: string } };
  if (spec?.serviceAccountName !== account) {
    throw errors.badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  const node = spec.nodeName ? await findNode(ctx, spec.nodeName) : undefined;
  return { pod: ownerOf(object), ...(node && { node }) };
}

const boundResources: Readonly<Record<string, string>> = { Pod: "pods", Secret: "secrets", Node: "nodes" };

async function lookUp(ctx: HandlerContext, resource: string, namespace: string, ref: BoundObject): Promise<KubeObject> {
  const kind = ctx.kinds.byResource("", "v1", resource);
  const name = ref.name ?? "";
  const object = kind && (await ctx.store.get(objectKey(kind, namespace, name)))?.object;
  if (object === undefined) throw errors.notFound({ group: "", resource }, name);
  if (ref.uid && ref.uid !== object.metadata.uid) {
    const message = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw errors.conflict({ group: "", resource }, name, message);
  }
  return object;
}

async function findNode(ctx: HandlerContext, name: string): Promise<TokenOwner | undefined> {
  const kind = ctx.kinds.byResource("", "v1", "nodes");
  const node = kind && (await ctx.store.get(objectKey(kind, undefined, name)))?.object;
  return node && ownerOf(node);
}

function ownerOf(object: KubeObject): TokenOwner {
  return { name: object.metadata.name ?? "", uid: object.metadata.uid ?? "" };
}
