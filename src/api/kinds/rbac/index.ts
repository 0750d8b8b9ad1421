/** Roles and who has them. */
import type { KindStrategy } from "../generic.ts";
import { clusterRoleBindingStrategy, roleBindingStrategy } from "./bindings.ts";
import { clusterRoleStrategy, roleStrategy } from "./roles.ts";

export const rbacStrategies: Readonly<Record<string, KindStrategy>> = {
  roles: roleStrategy,
  clusterroles: clusterRoleStrategy,
  rolebindings: roleBindingStrategy,
  clusterrolebindings: clusterRoleBindingStrategy,
};
