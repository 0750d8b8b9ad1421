import type { KindRegistry, ResourceKind } from "../../../api/kinds/index.ts";
import { errors } from "../../../api/meta/index.ts";
import type { Attributes, Lookup } from "../../admission/index.ts";
import {
  activationOf,
  conditionsHold,
  inVersion,
  matchedVersion,
  matchesNamespace,
  matchesObjects,
  requestFacts,
  requestValues,
} from "../../admission/policies/index.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { Hook } from "./hooks.ts";
import type { WebhookMetrics } from "./metrics.ts";

/** A webhook that is to be called about a request. */
export interface Invocation {
  readonly hook: Hook;
  /** The version in which the request is shown to it. */
  readonly matched: ResourceKind;
}

export interface MatchingPorts {
  readonly kinds: KindRegistry;
  readonly authorizer: Authorizer;
  readonly lookup: Lookup;
  readonly metrics: WebhookMetrics;
}

/** Cheap: whether a webhook's rules are about such a request, and in which version. */
export function matchedByRules(
  { webhook }: Hook,
  attributes: Attributes,
  kinds: KindRegistry,
): ResourceKind | undefined {
  return matchedVersion(webhook.rules ?? [], attributes, kinds, webhook.matchPolicy === "Equivalent");
}

/** Undefined when the webhook is not about the request. @throws ApiError */
export async function invocationOf(
  { kinds, authorizer, lookup, metrics }: MatchingPorts,
  hook: Hook,
  attributes: Attributes,
): Promise<Invocation | undefined> {
  const { webhook, conditions } = hook;
  const matched = matchedByRules(hook, attributes, kinds);
  if (matched === undefined) return undefined;
  if (!matchesObjects(webhook.objectSelector, attributes)) return undefined;
  if (!(await matchesNamespace(webhook.namespaceSelector, attributes, lookup))) return undefined;
  if (conditions.length === 0) return { hook, matched };
  const values = await requestValues(attributes, matched, authorizer, lookup);
  const holds = conditionsHold(conditions, activationOf(values, null, []), webhook.failurePolicy === "Ignore");
  if (holds === true) return { hook, matched };
  if (holds === false) {
    metrics.excluded(webhook.name, attributes.operation);
    return undefined;
  }
  metrics.conditionFailed(webhook.name, attributes.operation);
  const { kind, name } = attributes;
  throw errors.forbidden({ group: kind.group, resource: kind.resource }, name, holds.error);
}

/** What is sent: an AdmissionReview of the webhook's version. */
export function reviewOf({ matched }: Invocation, attributes: Attributes, apiVersion: string, uid: string): object {
  const { object, old } = attributes;
  const { subResource, requestSubResource, name, namespace, options, ...facts } = requestFacts(attributes, matched);
  return {
    kind: "AdmissionReview",
    apiVersion,
    request: {
      uid,
      kind: facts.kind,
      resource: facts.resource,
      ...(subResource && { subResource }),
      requestKind: facts.requestKind,
      requestResource: facts.requestResource,
      ...(requestSubResource && { requestSubResource }),
      ...(name && { name }),
      ...(namespace && { namespace }),
      operation: facts.operation,
      userInfo: facts.userInfo,
      object: object === undefined ? null : inVersion(object, attributes, matched),
      oldObject: old === undefined ? null : inVersion(old, attributes, matched),
      dryRun: facts.dryRun,
      options: options ?? null,
    },
  };
}
