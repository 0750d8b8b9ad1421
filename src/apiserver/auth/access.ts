import { ApiError, errors, parseFieldSelector, requiresExactMatch } from "../../api/meta/index.ts";
import type { ApiRequest } from "../request.ts";
import type { Attributes, Authorizer } from "./authorizer.ts";

/** What a request asks to be allowed. */
export function attributesOfRequest(request: ApiRequest): Attributes {
  const { user, verb, group, version, resource, subresource, options } = request;
  const { fieldSelector, labelSelector } = options;
  const name = request.name || nameSelected(fieldSelector);
  // A namespace lies in itself: who is admin inside it may read it.
  const namespace = resource === "namespaces" && group === "" ? name : request.namespace;
  const target = { group, version, resource, subresource, namespace, name };
  return { kind: "resource", user, verb, ...target, fieldSelector, labelSelector };
}

/** The only name that a field selector lets through: whoever asks for it asks for that one object. */
export function nameSelected(fieldSelector: string | undefined): string | undefined {
  if (!fieldSelector?.includes("metadata.name")) return undefined;
  try {
    return requiresExactMatch(parseFieldSelector(fieldSelector), "metadata.name");
  } catch {
    return undefined; // the request will be told what is wrong with it
  }
}

/** @throws ApiError 403 with the original's words. */
export function requireAllowed(authorizer: Authorizer, attributes: Attributes): void {
  const decision = authorizer.authorize(attributes);
  if (!decision.allowed) throw forbidden(attributes, decision.reason);
}

/** Who keeps why something was allowed or not, as the audit does. */
export interface Annotated {
  annotate(key: string, value: string): void;
}

/** As requireAllowed, and says what was decided. @throws ApiError 403 */
export function requireAllowedAndTell(authorizer: Authorizer, attributes: Attributes, told: Annotated): void {
  const { allowed, reason } = authorizer.authorize(attributes);
  told.annotate("authorization.k8s.io/decision", allowed ? "allow" : "forbid");
  told.annotate("authorization.k8s.io/reason", reason ?? "");
  if (!allowed) throw forbidden(attributes, reason);
}

export function forbidden(attributes: Attributes, reason?: string): ApiError {
  const because = reason === undefined || reason === "" ? "" : `: ${reason}`;
  const { user, verb } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (attributes.kind === "path") {
    const message = `forbidden: ${who} path ${JSON.stringify(attributes.path)}${because}`;
    return new ApiError({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason: "Forbidden",
      details: {},
      code: 403,
    });
  }
  const { group, resource, subresource, namespace, name = "" } = attributes;
  const target = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? ` in the namespace ${JSON.stringify(namespace)}` : " at the cluster scope";
  const text = `${who} resource ${JSON.stringify(target)} in API group ${JSON.stringify(group)}${where}${because}`;
  return errors.forbidden({ group, resource }, name, text);
}
