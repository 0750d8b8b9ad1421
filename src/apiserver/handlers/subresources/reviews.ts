import { errors, fieldError, formatTime, type KubeObject, root } from "../../../api/meta/index.ts";
import type { Attributes } from "../../auth/authorizer.ts";
import type { ApiResponse, UserInfo } from "../../request.ts";
import { type Call, type HandlerContext, warningsOf } from "../context.ts";
import { createAttributes } from "../create.ts";
import { decodeBody } from "../decode.ts";
import { managedByUpdate } from "../managed-fields.ts";
import { matchNamespace } from "../metadata.ts";

type Handler = (ctx: HandlerContext, call: Call) => Promise<ApiResponse>;

/** Resources that are only created, never stored: questions with their answer in status. */
export const reviews: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["authorization.k8s.io/subjectaccessreviews", subjectAccessReview],
  ["authorization.k8s.io/selfsubjectaccessreviews", selfSubjectAccessReview],
  ["authorization.k8s.io/localsubjectaccessreviews", localSubjectAccessReview],
  ["authorization.k8s.io/selfsubjectrulesreviews", selfSubjectRulesReview],
  ["authentication.k8s.io/tokenreviews", tokenReview],
  ["authentication.k8s.io/selfsubjectreviews", selfSubjectReview],
]);

interface ResourceAttributes {
  namespace?: string;
  verb?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  fieldSelector?: SelectorAttributes;
  labelSelector?: SelectorAttributes;
}

interface SelectorAttributes {
  rawSelector?: string;
  requirements?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

interface AccessSpec {
  resourceAttributes?: ResourceAttributes;
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}
type AccessReview = KubeObject & { spec?: AccessSpec };

async function subjectAccessReview(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const review: AccessReview = await question(ctx, call);
  const spec = checkedSpec(review);
  requireSubject(spec);
  return answer(call, review, accessStatus(ctx, subjectOf(spec), spec));
}

async function selfSubjectAccessReview(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const review: AccessReview = await question(ctx, call);
  return answer(call, review, accessStatus(ctx, call.request.user, checkedSpec(review)));
}

async function localSubjectAccessReview(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const review: AccessReview = await question(ctx, call);
  const spec = checkedSpec(review);
  requireSubject(spec);
  const namespace = call.request.namespace ?? "";
  if (spec.nonResourceAttributes !== undefined) {
    const found = fieldError.invalid(
      root("spec", "nonResourceAttributes"),
      spec.nonResourceAttributes,
      "disallowed on this kind of request",
    );
    throw errors.invalid({ group: "authorization.k8s.io", kind: "" }, "", [found]);
  }
  if (spec.resourceAttributes?.namespace !== namespace) {
    throw errors.badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  }
  return answer(call, review, accessStatus(ctx, subjectOf(spec), spec));
}

async function selfSubjectRulesReview(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { rules } = ctx.reviews;
  if (rules === undefined) throw errors.genericNotFound();
  const review = (await question(ctx, call)) as KubeObject & { spec?: { namespace?: string } };
  const namespace = review.spec?.namespace ?? "";
  if (namespace === "") throw errors.badRequest("no namespace on request");
  return answer(call, review, rules.rulesFor(call.request.user, namespace));
}

async function tokenReview(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const { tokens } = ctx.reviews;
  if (tokens === undefined) throw errors.genericNotFound();
  const review = (await question(ctx, call)) as KubeObject & { spec?: { token?: string; audiences?: string[] } };
  const token = review.spec?.token ?? "";
  if (token === "") throw errors.badRequest("token is required for TokenReview in authentication");
  const { user, audiences, error } = await tokens.review(token, review.spec?.audiences ?? []);
  const status = {
    ...(user && { authenticated: true }),
    user: user === undefined ? {} : userFields(user),
    ...(user && audiences?.length && { audiences }),
    ...(error && { error }),
  };
  return answer(call, review, status);
}

async function selfSubjectReview(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  const review = decodeBody(ctx, call);
  await admit(ctx, call, review);
  review.metadata = { ...review.metadata, creationTimestamp: formatTime(ctx.host.clock.now()) };
  return answer(call, review, { userInfo: userFields(call.request.user) });
}

async function question(ctx: HandlerContext, call: Call): Promise<KubeObject> {
  const draft = decodeBody(ctx, call);
  matchNamespace(call.kind, draft.metadata, call.request.namespace);
  const review = managedByUpdate(ctx, call, draft, undefined);
  await admit(ctx, call, review);
  return review;
}

async function admit(ctx: HandlerContext, call: Call, review: KubeObject): Promise<void> {
  const attributes = createAttributes(call, review);
  await ctx.admission.admit(attributes);
  await ctx.admission.validate(attributes);
}

function answer(call: Call, review: KubeObject, status: object): ApiResponse {
  const object = { ...review, status };
  return { kind: "object", code: 201, object, warnings: warningsOf(call) };
}

function checkedSpec(review: AccessReview): AccessSpec {
  const spec = review.spec ?? {};
  const both = spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined;
  const none = spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined;
  if (!both && !none) return spec;
  const path = root("spec", both ? "nonResourceAttributes" : "resourceAttributes");
  const detail = both
    ? "cannot be specified in combination with resourceAttributes"
    : "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  const found = fieldError.invalid(path, both ? spec.nonResourceAttributes : null, detail);
  throw errors.invalid({ group: "authorization.k8s.io", kind: "" }, "", [found]);
}

function requireSubject(spec: AccessSpec): void {
  if (spec.user || spec.groups?.length) return;
  const found = fieldError.invalid(root("spec", "user"), "", "at least one of user or group must be specified");
  throw errors.invalid({ group: "authorization.k8s.io", kind: "" }, "", [found]);
}

function subjectOf(spec: AccessSpec): UserInfo {
  return { name: spec.user ?? "", uid: spec.uid, groups: spec.groups ?? [], extra: spec.extra };
}

function accessStatus(ctx: HandlerContext, user: UserInfo, spec: AccessSpec): object {
  if (ctx.authorizer === undefined) return { allowed: true };
  const { allowed, denied, reason } = ctx.authorizer.authorize(attributesOf(user, spec));
  return { allowed, ...(denied && { denied }), ...(reason && { reason }) };
}

function attributesOf(user: UserInfo, spec: AccessSpec): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource === undefined) return { kind: "path", user, verb: path?.verb ?? "", path: path?.path ?? "" };
  return {
    kind: "resource",
    user,
    verb: resource.verb ?? "",
    group: resource.group ?? "",
    version: resource.version ?? "",
    resource: resource.resource ?? "",
    subresource: resource.subresource,
    namespace: resource.namespace,
    name: resource.name,
    fieldSelector: selectorText(resource.fieldSelector),
    labelSelector: selectorText(resource.labelSelector),
  };
}

/** As it is written in a request. What a field selector cannot say is left out: it asks for more then, never for less. */
function selectorText(selector: SelectorAttributes | undefined): string | undefined {
  if (selector?.requirements === undefined) return selector?.rawSelector;
  const terms = selector.requirements.map(({ key, operator, values = [] }) => {
    if (operator === "In" && values.length === 1) return `${key}=${values[0]}`;
    if (operator === "NotIn" && values.length === 1) return `${key}!=${values[0]}`;
    return "";
  });
  return terms.filter((term) => term !== "").join(",");
}

function userFields(user: UserInfo): object {
  return {
    username: user.name,
    ...(user.uid && { uid: user.uid }),
    ...(user.groups.length > 0 && { groups: user.groups }),
    ...(user.extra && Object.keys(user.extra).length > 0 && { extra: user.extra }),
  };
}
