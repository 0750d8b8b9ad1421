import type { Authorizer } from "./authorizer.ts";

/** Ways to decide who may what, by the names of the original's --authorization-mode. */
export const authorizationModes = ["Node", "RBAC", "AlwaysAllow", "AlwaysDeny"] as const;
export type AuthorizationMode = (typeof authorizationModes)[number];

export const defaultAuthorizationModes: readonly AuthorizationMode[] = ["Node", "RBAC"];

/** The authorizers of the modes, in their order. */
export function authorizersOf(
  modes: readonly AuthorizationMode[],
  known: { readonly node: Authorizer; readonly rbac: Authorizer },
): readonly Authorizer[] {
  const byMode: Readonly<Record<AuthorizationMode, Authorizer>> = {
    Node: known.node,
    RBAC: known.rbac,
    AlwaysAllow: { authorize: () => ({ allowed: true }) },
    AlwaysDeny: { authorize: () => ({ allowed: false, reason: "Everything is forbidden." }) },
  };
  return modes.map((mode) => byMode[mode]);
}
