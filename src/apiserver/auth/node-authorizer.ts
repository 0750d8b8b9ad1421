import type { Attributes, Authorizer, Decision } from "./authorizer.ts";
import { nodeRules } from "./policy/node-rules.ts";
import { ruleAllowsPath, ruleAllowsResource } from "./policy-rule.ts";

const noOpinion: Decision = { allowed: false };
const allowed: Decision = { allowed: true };
const nodesGroup = "system:nodes";
const nodeUserPrefix = "system:node:";

/**
 * What kubelets may do. Leases and CSI nodes are limited to the node's own; the relation of secrets, config maps, claims
 * and volumes to the pods of the node is not looked at: a node may read all of them.
 */
export const nodeAuthorizer: Authorizer = {
  authorize(attributes: Attributes): Decision {
    const { user, verb } = attributes;
    if (!user.name.startsWith(nodeUserPrefix) || !user.groups.includes(nodesGroup)) return noOpinion;
    const nodeName = user.name.slice(nodeUserPrefix.length);
    if (attributes.kind === "path") {
      return nodeRules().some((rule) => ruleAllowsPath(rule, verb, attributes.path)) ? allowed : noOpinion;
    }
    const refusal = ownOnly(attributes, nodeName);
    if (refusal !== undefined) return { allowed: false, reason: refusal };
    const { group, resource, subresource = "", name = "" } = attributes;
    const target = subresource === "" ? resource : `${resource}/${subresource}`;
    const granted = nodeRules().some((rule) => ruleAllowsResource(rule, verb, group, target, subresource, name));
    return granted ? allowed : noOpinion;
  },
};

/** Why a node may not touch what belongs to another node. */
function ownOnly(attributes: Extract<Attributes, { kind: "resource" }>, nodeName: string): string | undefined {
  const { group, resource, verb, name = "", namespace } = attributes;
  if (group === "coordination.k8s.io" && resource === "leases") {
    if (namespace !== "kube-node-lease") return 'can only access leases in the "kube-node-lease" system namespace';
    if (verb !== "create" && name !== nodeName)
      return "can only access node lease with the same name as the requesting node";
  }
  if (group === "storage.k8s.io" && resource === "csinodes" && verb !== "create" && name !== nodeName) {
    return "can only access CSINode with the same name as the requesting node";
  }
  return undefined;
}
