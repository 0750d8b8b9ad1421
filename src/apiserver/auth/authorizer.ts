import type { UserInfo } from "../request.ts";

/** What somebody wants to do, as SubjectAccessReview names it: on a resource, or on a path that is no resource. */
export type Attributes =
  | {
      readonly kind: "resource";
      readonly user: UserInfo;
      /** Verbs of the API and the special ones (bind, escalate, impersonate, approve, use, ...). */
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      readonly subresource?: string;
      readonly namespace?: string;
      readonly name?: string;
      /** Of a request for several objects, as it was written. */
      readonly fieldSelector?: string;
      readonly labelSelector?: string;
    }
  | { readonly kind: "path"; readonly user: UserInfo; readonly verb: string; readonly path: string };

export interface Decision {
  readonly allowed: boolean;
  readonly denied?: boolean;
  /** Why, as the original words it: `RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
  readonly reason?: string;
}

/** Decides synchronously from what it already knows: it stands in front of every request. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision;
}
