// Made by scripts/generate.ts; do not edit.
import type { KubeObject, LabelSelector, ListMeta } from "../../meta/index.ts";

export interface AggregationRule {
  clusterRoleSelectors?: LabelSelector[];
}

export interface ClusterRole extends KubeObject {
  aggregationRule?: AggregationRule;
  apiVersion: "rbac.authorization.k8s.io/v1";
  kind: "ClusterRole";
  rules?: PolicyRule[] | null;
}

export interface ClusterRoleBinding extends KubeObject {
  apiVersion: "rbac.authorization.k8s.io/v1";
  kind: "ClusterRoleBinding";
  roleRef: RoleRef;
  subjects?: Subject[];
}

export interface ClusterRoleBindingList {
  apiVersion: "rbac.authorization.k8s.io/v1";
  items: ClusterRoleBinding[];
  kind: "ClusterRoleBindingList";
  metadata: ListMeta;
}

export interface ClusterRoleList {
  apiVersion: "rbac.authorization.k8s.io/v1";
  items: ClusterRole[];
  kind: "ClusterRoleList";
  metadata: ListMeta;
}

export interface PolicyRule {
  apiGroups?: string[];
  nonResourceURLs?: string[];
  resourceNames?: string[];
  resources?: string[];
  verbs: string[];
}

export interface Role extends KubeObject {
  apiVersion: "rbac.authorization.k8s.io/v1";
  kind: "Role";
  rules?: PolicyRule[] | null;
}

export interface RoleBinding extends KubeObject {
  apiVersion: "rbac.authorization.k8s.io/v1";
  kind: "RoleBinding";
  roleRef: RoleRef;
  subjects?: Subject[];
}

export interface RoleBindingList {
  apiVersion: "rbac.authorization.k8s.io/v1";
  items: RoleBinding[];
  kind: "RoleBindingList";
  metadata: ListMeta;
}

export interface RoleList {
  apiVersion: "rbac.authorization.k8s.io/v1";
  items: Role[];
  kind: "RoleList";
  metadata: ListMeta;
}

export interface RoleRef {
  apiGroup?: string;
  kind: string;
  name: string;
}

export interface Subject {
  apiGroup?: string;
  kind: string;
  name: string;
  namespace?: string;
}
