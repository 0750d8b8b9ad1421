import type { Environment } from "../library.ts";
import { type Register, registerClass } from "./register.ts";

/** What an expression asks: may the user do this? */
export interface AuthorizationCheck {
  readonly verb: string;
  readonly path?: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Instead of the user of the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
}

export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason?: string;
  readonly error?: string;
}

/** Answers checks of one request. */
export type Authorize = (check: AuthorizationCheck) => AuthorizationDecision;

/** The variable `authorizer`, and every stage of a check that is being put together. */
export class AuthorizerValue {
  readonly authorize: Authorize;
  readonly check: AuthorizationCheck;
  /** A check on what the request is about. */
  readonly requestResource: AuthorizerValue | undefined;

  constructor(authorize: Authorize, check: AuthorizationCheck, requestResource?: AuthorizerValue) {
    this.authorize = authorize;
    this.check = check;
    this.requestResource = requestResource;
  }
}

class PathCheck extends AuthorizerValue {}
class GroupCheck extends AuthorizerValue {}
class ResourceCheck extends AuthorizerValue {}

class Decision {
  readonly decision: AuthorizationDecision;

  constructor(decision: AuthorizationDecision) {
    this.decision = decision;
  }
}

const emptyCheck: AuthorizationCheck = {
  verb: "",
  group: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
};

const authorizer = "kubernetes.authorization.Authorizer";
const path = "kubernetes.authorization.PathCheck";
const group = "kubernetes.authorization.GroupCheck";
const resource = "kubernetes.authorization.ResourceCheck";
const decision = "kubernetes.authorization.Decision";

export const authorizerType = authorizer;

/** @param about what the request is about */
export function authorizerValue(authorize: Authorize, about: Partial<AuthorizationCheck>): object {
  const requestResource = new ResourceCheck(authorize, { ...emptyCheck, ...about });
  return new AuthorizerValue(authorize, emptyCheck, requestResource);
}

export function registerAuthorizers(environment: Environment, register: Register): void {
  const classes = { [resource]: ResourceCheck, [path]: PathCheck, [group]: GroupCheck, [decision]: Decision };
  for (const [name, ctor] of Object.entries(classes)) registerClass(environment, name, ctor);
  environment.registerType(authorizer, { ctor: AuthorizerValue, fields: { requestResource: resource } });
  register(`${authorizer}.path(string): ${path}`, (a: AuthorizerValue, value: string) => {
    if (value === "") throw new Error("path must not be empty");
    return new PathCheck(a.authorize, { ...a.check, path: value });
  });
  register(`${authorizer}.group(string): ${group}`, (a: AuthorizerValue, value: string) => {
    return new GroupCheck(a.authorize, { ...a.check, group: value });
  });
  register(`${authorizer}.serviceAccount(string, string): ${authorizer}`, ofServiceAccount);
  register(`${group}.resource(string): ${resource}`, (a: GroupCheck, value: string) => {
    return new ResourceCheck(a.authorize, { ...a.check, resource: value });
  });
  for (const field of ["subresource", "namespace", "name"] as const) {
    register(`${resource}.${field}(string): ${resource}`, (a: ResourceCheck, value: string) => {
      return new ResourceCheck(a.authorize, { ...a.check, [field]: value });
    });
  }
  for (const type of [path, resource]) {
    register(`${type}.check(string): ${decision}`, (a: AuthorizerValue, verb: string) => {
      return new Decision(a.authorize({ ...a.check, verb }));
    });
  }
  register(`${decision}.allowed(): bool`, (d: Decision) => d.decision.allowed);
  register(`${decision}.reason(): string`, (d: Decision) => d.decision.reason ?? "");
  register(`${decision}.errored(): bool`, (d: Decision) => d.decision.error !== undefined);
  register(`${decision}.error(): string`, (d: Decision) => d.decision.error ?? "");
}

function ofServiceAccount(a: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  return new AuthorizerValue(a.authorize, { ...a.check, serviceAccount: { namespace, name } });
}
