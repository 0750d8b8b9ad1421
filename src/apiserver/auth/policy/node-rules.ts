import type { PolicyRule } from "../policy-rule.ts";
import { type RuleFacts, read, rulesOf } from "./rule-facts.ts";

/** What a kubelet needs: the rules of the role `system:node` and of the node authorizer. */
export const nodeRuleFacts: readonly RuleFacts[] = [
  ["create", "authentication.k8s.io", "tokenreviews"],
  ["create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"],
  [read, "core", "services"],
  ["create get list watch", "core", "nodes"],
  ["update patch", "core", "nodes/status"],
  ["update patch", "core", "nodes"],
  ["create update patch", "core events.k8s.io", "events"],
  [read, "core", "pods"],
  ["create delete", "core", "pods"],
  ["update patch", "core", "pods/status"],
  ["create", "core", "pods/eviction"],
  [read, "core", "secrets configmaps"],
  ["get", "core", "persistentvolumeclaims persistentvolumes"],
  ["get", "core", "endpoints"],
  ["create get list watch", "certificates.k8s.io", "certificatesigningrequests"],
  ["get create update patch delete", "coordination.k8s.io", "leases"],
  ["get", "storage.k8s.io", "volumeattachments"],
  ["create", "core", "serviceaccounts/token"],
  ["get update patch", "core", "persistentvolumeclaims/status"],
  [read, "storage.k8s.io", "csidrivers"],
  ["get create update patch delete", "storage.k8s.io", "csinodes"],
  [read, "node.k8s.io", "runtimeclasses"],
  ["get", "resource.k8s.io", "resourceclaims"],
  ["deletecollection", "resource.k8s.io", "resourceslices"],
  ["get", "core", "serviceaccounts"],
];

let parsed: readonly PolicyRule[] | undefined;

export function nodeRules(): readonly PolicyRule[] {
  parsed ??= rulesOf(nodeRuleFacts);
  return parsed;
}
