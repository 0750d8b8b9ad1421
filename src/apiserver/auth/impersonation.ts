import type { IncomingHttpHeaders } from "node:http";
import { errors } from "../../api/meta/index.ts";
import type { UserInfo } from "../request.ts";
import { requireAllowed } from "./access.ts";
import type { Authorizer } from "./authorizer.ts";
import { serviceAccountGroups, serviceAccountPrefix } from "./token-claims.ts";

const extraPrefix = "impersonate-extra-";

/** Lets those who may act as somebody else do so: the Impersonate-… headers. */
export class Impersonator {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /** The user as whom the request goes on. @throws ApiError 400, 403 */
  userOf(headers: IncomingHttpHeaders, real: UserInfo): UserInfo {
    const name = textOf(headers["impersonate-user"]);
    if (name === undefined) {
      if (hasDetails(headers)) {
        throw errors.badRequest("requested impersonation without impersonating a user");
      }
      return real;
    }
    const groups = valuesOf(headers["impersonate-group"]);
    const uid = textOf(headers["impersonate-uid"]);
    const extra = extraOf(headers);
    this.#check(real, name, groups, uid, extra);
    return { name, uid, groups: withImpliedGroups(name, groups), extra };
  }

  #check(
    real: UserInfo,
    name: string,
    groups: string[],
    uid: string | undefined,
    extra: Record<string, string[]>,
  ): void {
    const may = (
      resource: string,
      target: string,
      more: { group?: string; namespace?: string; subresource?: string },
    ): void =>
      requireAllowed(this.#authorizer, {
        kind: "resource",
        user: real,
        verb: "impersonate",
        group: "",
        version: "v1",
        resource,
        name: target,
        ...more,
      });
    const account = serviceAccountOf(name);
    if (account !== undefined) may("serviceaccounts", account.name, { namespace: account.namespace });
    else may("users", name, {});
    for (const group of groups) may("groups", group, {});
    if (uid !== undefined) may("uids", uid, { group: "authentication.k8s.io" });
    for (const [key, values] of Object.entries(extra)) {
      for (const value of values) may("userextras", value, { group: "authentication.k8s.io", subresource: key });
    }
  }
}

function hasDetails(headers: IncomingHttpHeaders): boolean {
  return headers["impersonate-group"] !== undefined || headers["impersonate-uid"] !== undefined;
}

function textOf(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === "" ? undefined : text;
}

/** Node joins repeated headers with a comma and a blank. */
function valuesOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : value.split(", ")).filter((one) => one !== "");
}

function extraOf(headers: IncomingHttpHeaders): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  for (const header in headers) {
    if (!header.startsWith(extraPrefix)) continue;
    const key = header.slice(extraPrefix.length);
    extra[key.includes("%") ? decodeKey(key) : key] = valuesOf(headers[header]);
  }
  return extra;
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function serviceAccountOf(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = "", name = "", ...more] = user.slice(serviceAccountPrefix.length).split(":");
  return namespace === "" || name === "" || more.length > 0 ? undefined : { namespace, name };
}

/** Who is named without groups gets those that such a user always has. */
function withImpliedGroups(name: string, groups: readonly string[]): readonly string[] {
  if (name === "system:anonymous") {
    return groups.includes("system:unauthenticated") ? groups : [...groups, "system:unauthenticated"];
  }
  const account = groups.length === 0 ? serviceAccountOf(name) : undefined;
  const implied = account === undefined ? groups : serviceAccountGroups(account.namespace);
  return implied.includes("system:authenticated") ? implied : [...implied, "system:authenticated"];
}
