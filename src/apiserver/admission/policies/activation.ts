import { type Authorize, authorizerValue, type RequestFacts, requestValue, toCel } from "../../../api/cel/index.ts";
import type { ResourceKind } from "../../../api/kinds/index.ts";
import { cloneJson, type KubeObject } from "../../../api/meta/index.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { UserInfo } from "../../request.ts";
import type { Attributes } from "../admission.ts";
import type { Lookup } from "../lookup.ts";

/** What the expressions of policies and match conditions see of a request. */
export interface RequestValues {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: object;
  readonly namespaceObject: unknown;
  readonly authorizer: object;
}

/** @param matched the version in which the request is looked at */
export async function requestValues(
  attributes: Attributes,
  matched: ResourceKind,
  authorizer: Authorizer,
  lookup: Lookup,
): Promise<RequestValues> {
  const { kind, object, old, namespace } = attributes;
  const isNamespace = kind.group === "" && kind.resource === "namespaces";
  const around = namespace === "" || isNamespace ? undefined : await lookup.get("", "namespaces", "", namespace);
  return {
    object: object === undefined ? null : toCel(inVersion(object, attributes, matched)),
    oldObject: old === undefined ? null : toCel(inVersion(old, attributes, matched)),
    request: requestValue(requestFacts(attributes, matched)),
    namespaceObject: around === undefined ? null : namespaceValue(around),
    authorizer: authorizerOf(attributes, authorizer),
  };
}

/** The object of another version of the same resource; what a subresource takes is of a kind of its own. */
export function inVersion(object: KubeObject, { kind }: Attributes, matched: ResourceKind): KubeObject {
  if (matched === kind || object.kind !== kind.kind) return object;
  const stored = kind.conversion === undefined ? object : kind.conversion.toStorage(cloneJson(object));
  return matched.conversion === undefined ? stored : matched.conversion.fromStorage(stored);
}

/** What is asked, as expressions and webhooks see it, in the version in which it is looked at. */
export function requestFacts(attributes: Attributes, matched: ResourceKind): RequestFacts {
  const { kind, subresource, name, namespace, operation, user, dryRun } = attributes;
  const { name: username, uid, groups, extra } = user;
  return {
    kind: kindOf(matched, subresource),
    resource: { group: matched.group, version: matched.version, resource: matched.resource },
    subResource: subresource,
    requestKind: kindOf(kind, subresource),
    requestResource: { group: kind.group, version: kind.version, resource: kind.resource },
    requestSubResource: subresource,
    name,
    namespace,
    operation,
    userInfo: { username, uid, groups, extra },
    dryRun,
    options: optionsOf(attributes),
  };
}

const writeFields = ["dryRun", "fieldManager", "fieldValidation"] as const;
const deleteFields = [
  ...(["gracePeriodSeconds", "preconditions", "orphanDependents", "propagationPolicy", "dryRun"] as const),
];
const optionKinds = {
  CREATE: { kind: "CreateOptions", fields: writeFields },
  UPDATE: { kind: "UpdateOptions", fields: writeFields },
  DELETE: { kind: "DeleteOptions", fields: deleteFields },
  CONNECT: undefined,
} as const;

function optionsOf({ operation, dryRun, options }: Attributes): object | undefined {
  const known = optionKinds[operation];
  if (known === undefined) return undefined;
  const value: Record<string, unknown> = { kind: known.kind, apiVersion: "meta.k8s.io/v1" };
  if (dryRun) value.dryRun = ["All"];
  for (const field of known.fields) {
    const given = options?.[field];
    if (given !== undefined && given !== "" && field !== "dryRun") value[field] = given;
  }
  return value;
}

function kindOf(kind: ResourceKind, subresource: string) {
  const own = kind.subresources.get(subresource);
  if (own === undefined) return { group: kind.group, version: kind.version, kind: kind.kind };
  return { group: own.group ?? kind.group, version: own.version ?? kind.version, kind: own.kind };
}

const namespaceMetadata = [
  ...["name", "generateName", "namespace", "labels", "annotations", "creationTimestamp", "deletionTimestamp"],
  ...["deletionGracePeriodSeconds", "generation", "resourceVersion", "finalizers"],
];

/** Only the fields that the original shows. */
function namespaceValue(namespace: KubeObject & { spec?: object; status?: object }): unknown {
  const metadata: Record<string, unknown> = { UID: namespace.metadata.uid };
  for (const field of namespaceMetadata) metadata[field] = Reflect.get(namespace.metadata, field);
  const value = toCel({ metadata, spec: namespace.spec ?? {}, status: namespace.status ?? {} }) as {
    metadata: Record<string, unknown>;
  };
  for (const field of ["creationTimestamp", "deletionTimestamp"]) {
    const time = value.metadata[field];
    if (typeof time === "string") value.metadata[field] = new Date(Date.parse(time));
  }
  return value;
}

function authorizerOf({ kind, subresource, namespace, name, user }: Attributes, authorizer: Authorizer): object {
  const authorize: Authorize = ({
    verb,
    path,
    group,
    resource,
    subresource: of,
    namespace: where,
    name: which,
    serviceAccount,
  }) => {
    const asked = serviceAccount === undefined ? user : serviceAccountUser(serviceAccount);
    if (path !== undefined) return authorizer.authorize({ kind: "path", user: asked, verb, path });
    const target = { group, version: "*", resource, subresource: of, namespace: where, name: which };
    return authorizer.authorize({ kind: "resource", user: asked, verb, ...target });
  };
  return authorizerValue(authorize, { group: kind.group, resource: kind.resource, subresource, namespace, name });
}

function serviceAccountUser({ namespace, name }: { namespace: string; name: string }): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}
