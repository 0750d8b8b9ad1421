import type { Environment } from "./library.ts";
import { toCel } from "./values.ts";

/** The variable `request` of admission expressions. */

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export interface RequestUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What is asked, without the objects. */
export interface RequestFacts {
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subResource?: string;
  readonly requestKind: GroupVersionKind;
  readonly requestResource: GroupVersionResource;
  readonly requestSubResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly operation: string;
  readonly userInfo: RequestUser;
  readonly dryRun: boolean;
  readonly options?: unknown;
}

class Fields {
  constructor(fields: object) {
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined && value !== "") Object.defineProperty(this, name, { value, enumerable: true });
    }
  }
}

class KindValue extends Fields {}
class ResourceValue extends Fields {}
class UserValue extends Fields {}
class RequestValue extends Fields {}

export const requestType = "kubernetes.AdmissionRequest";
const kindType = "kubernetes.GroupVersionKind";
const resourceType = "kubernetes.GroupVersionResource";
const userType = "kubernetes.UserInfo";

export function registerRequest(environment: Environment): void {
  const named = { group: "string", version: "string" };
  environment.registerType(kindType, { ctor: KindValue, fields: { ...named, kind: "string" } });
  environment.registerType(resourceType, { ctor: ResourceValue, fields: { ...named, resource: "string" } });
  environment.registerType(userType, {
    ctor: UserValue,
    fields: { username: "string", uid: "string", groups: "list<string>", extra: "map<string, list<string>>" },
  });
  environment.registerType(requestType, {
    ctor: RequestValue,
    fields: {
      kind: kindType,
      resource: resourceType,
      subResource: "string",
      requestKind: kindType,
      requestResource: resourceType,
      requestSubResource: "string",
      name: "string",
      namespace: "string",
      operation: "string",
      userInfo: userType,
      dryRun: "bool",
      options: "dyn",
    },
  });
}

export function requestValue(facts: RequestFacts): object {
  const { kind, resource, requestKind, requestResource, userInfo, options } = facts;
  return new RequestValue({
    ...facts,
    kind: new KindValue(kind),
    resource: new ResourceValue(resource),
    requestKind: new KindValue(requestKind),
    requestResource: new ResourceValue(requestResource),
    userInfo: new UserValue(userInfo),
    options: options === undefined ? undefined : toCel(options),
  });
}
