import { deepEqual, errors, type KubeObject, semanticEqual } from "../../api/meta/index.ts";
import type { Node, PersistentVolumeClaim, Pod } from "../../api/types/index.ts";
import { type Authorizer, referencesOf } from "../auth/index.ts";
import type { UserInfo } from "../request.ts";
import type { AdmissionPlugin } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { type Case, podOf } from "./node-case.ts";
import { checkPodCertificateRequest, checkResourceSlice, checkToken } from "./node-objects.ts";
import { isMirrorPod } from "./pod.ts";
import { refuse } from "./refusal.ts";

const nodeUserPrefix = "system:node:";
const mirrorAnnotation = "kubernetes.io/config.mirror";

/** A node changes itself, what it reports of itself, and the pods that it runs; nothing of other nodes. */
export function nodeRestriction(lookup: Lookup, authorizer?: Authorizer): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    handles: ({ user }) => isNode(user),
    async admit(attributes) {
      const node = attributes.user.name.slice(nodeUserPrefix.length);
      const { group, resource } = attributes.kind;
      await rules[`${group}/${resource}`]?.({ attributes, node, lookup, authorizer });
    },
  };
}

function isNode({ name, groups }: UserInfo): boolean {
  return name.startsWith(nodeUserPrefix) && groups.includes("system:nodes");
}

const rules: Readonly<Record<string, (each: Case) => Promise<void> | void>> = {
  "/pods": checkPod,
  "/nodes": checkNode,
  "/persistentvolumeclaims": checkClaim,
  "/serviceaccounts": checkToken,
  "coordination.k8s.io/leases": checkLease,
  "storage.k8s.io/csinodes": checkCSINode,
  "resource.k8s.io/resourceslices": checkResourceSlice,
  "certificates.k8s.io/podcertificaterequests": checkPodCertificateRequest,
};

async function checkPod(each: Case): Promise<void> {
  const { attributes, node, lookup } = each;
  const { subresource, operation, namespace, name, object } = attributes;
  if (subresource === "status") return checkPodStatus(each);
  if (subresource === "eviction") {
    const pod = await podOf(lookup, namespace, name || (object?.metadata.name ?? ""));
    if (pod.spec.nodeName !== node)
      throw refuse(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (subresource !== "") {
    const text = JSON.stringify(subresource);
    throw refuse(attributes, `unexpected pod subresource ${text}, only 'status' and 'eviction' are allowed`);
  }
  if (operation === "CREATE") return checkMirrorPod(each);
  if (operation === "DELETE") {
    const pod = await podOf(lookup, namespace, name);
    if (pod.spec.nodeName === node) return;
    throw refuse(attributes, `node ${quoted(node)} can only delete pods with spec.nodeName set to itself`);
  }
  throw refuse(
    attributes,
    `unexpected operation ${quoted(operation)}, node ${quoted(node)} can only create and delete mirror pods`,
  );
}

function checkPodStatus({ attributes, node }: Case): void {
  const [old, pod] = [attributes.old as Pod | undefined, attributes.object as Pod | undefined];
  if (attributes.operation !== "UPDATE")
    throw refuse(attributes, `unexpected operation ${quoted(attributes.operation)}`);
  if (old?.spec.nodeName !== node)
    throw refuse(
      attributes,
      `node ${quoted(node)} can only update pod status for pods with spec.nodeName set to itself`,
    );
  if (!semanticEqual(old.metadata.labels, pod?.metadata.labels))
    throw refuse(attributes, `node ${quoted(node)} cannot update labels through pod status`);
  if (!semanticEqual(old.status?.resourceClaimStatuses, pod?.status?.resourceClaimStatuses))
    throw refuse(attributes, `node ${quoted(node)} cannot update resource claim statues`);
}

async function checkMirrorPod({ attributes, node, lookup }: Case): Promise<void> {
  const pod = attributes.object as Pod;
  const who = `node ${quoted(node)}`;
  if (!isMirrorPod(pod))
    throw refuse(
      attributes,
      `pod does not have ${quoted(mirrorAnnotation)} annotation, ${who} can only create mirror pods`,
    );
  if (pod.spec.nodeName !== node)
    throw refuse(attributes, `${who} can only create pods with spec.nodeName set to itself`);
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0)
    throw refuse(attributes, `${who} can only create pods with a single owner reference set to itself`);
  if (owner?.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node)
    throw refuse(attributes, `${who} can only create pods with an owner reference set to itself`);
  if (owner.controller !== true)
    throw refuse(attributes, `${who} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true)
    throw refuse(attributes, `${who} must not set blockOwnerDeletion on an owner reference`);
  const self = await lookup.get("", "nodes", "", node);
  if (self === undefined) throw errors.notFound({ group: "", resource: "nodes" }, node);
  if (self.metadata.uid !== owner.uid)
    throw refuse(attributes, `node ${node} UID mismatch: expected ${owner.uid} got ${self.metadata.uid}`);
  const referenced = firstReference(pod);
  if (referenced !== undefined) throw refuse(attributes, `${who} can not create pods that reference ${referenced}`);
}

/** The first kind of other objects that the pod refers to. */
function firstReference(pod: Pod): string | undefined {
  const { spec } = pod;
  const { secrets, configMaps, claims } = referencesOf(pod);
  const projected = spec.volumes?.flatMap((volume) => volume.projected?.sources ?? []) ?? [];
  if (spec.serviceAccountName) return "a service account";
  if (secrets.length > 0) return "secrets";
  if (configMaps.length > 0) return "configmaps";
  if (projected.some(({ clusterTrustBundle }) => clusterTrustBundle !== undefined)) return "clustertrustbundles";
  if (claims.length > 0) return "persistentvolumeclaims";
  return spec.resourceClaims?.length ? "resourceclaims" : undefined;
}

function checkNode({ attributes, node }: Case): void {
  const { operation, object, old } = attributes;
  const name = attributes.name || (object?.metadata.name ?? "");
  const who = `node ${quoted(node)}`;
  if (name !== node) throw refuse(attributes, `${who} is not allowed to modify node ${quoted(name)}`);
  if (operation === "DELETE" || object === undefined) return;
  const [next, before] = [object as Node, old as Node | undefined];
  if (operation === "CREATE") {
    if (next.spec?.configSource !== undefined)
      throw refuse(attributes, `${who} is not allowed to create pods with a non-nil configSource`);
    const forbidden = forbiddenLabels(next, undefined);
    if (forbidden.length > 0)
      throw refuse(attributes, `${who} is not allowed to set the following labels: ${forbidden.join(", ")}`);
    return;
  }
  if (next.spec?.configSource !== undefined && !semanticEqual(next.spec.configSource, before?.spec?.configSource))
    throw refuse(attributes, `${who} is not allowed to update configSource to a new non-nil configSource`);
  if (!semanticEqual(next.spec?.taints, before?.spec?.taints))
    throw refuse(attributes, `${who} is not allowed to modify taints`);
  if (!semanticEqual(next.metadata.ownerReferences, before?.metadata.ownerReferences))
    throw refuse(attributes, `${who} is not allowed to modify ownerReferences`);
  const forbidden = forbiddenLabels(next, before);
  if (forbidden.length > 0) throw refuse(attributes, `is not allowed to modify labels: ${forbidden.join(", ")}`);
}

/** Labels that place workloads are not for a node to choose. */
function forbiddenLabels(node: KubeObject, old: KubeObject | undefined): string[] {
  const [after, before] = [node.metadata.labels ?? {}, old?.metadata.labels ?? {}];
  const changed = [...new Set([...Object.keys(after), ...Object.keys(before)])].filter((k) => after[k] !== before[k]);
  return changed.filter(isForbidden).sort();
}

const kubeletLabels: ReadonlySet<string> = new Set([
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "kubernetes.io/arch",
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "node.kubernetes.io/instance-type",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
]);

function isForbidden(label: string): boolean {
  const slash = label.indexOf("/");
  const domain = slash < 0 ? "" : label.slice(0, slash);
  const isIn = (...domains: string[]) => domains.some((one) => domain === one || domain.endsWith(`.${one}`));
  if (isIn("node-restriction.kubernetes.io")) return true;
  return (
    isIn("kubernetes.io", "k8s.io") && !kubeletLabels.has(label) && !isIn("kubelet.kubernetes.io", "node.kubernetes.io")
  );
}

const statusOfNode = ["capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"];

function checkClaim({ attributes, node }: Case): void {
  if (attributes.subresource !== "status") throw refuse(attributes, "may only update PVC status");
  if (attributes.operation !== "UPDATE")
    throw refuse(attributes, `unexpected operation ${quoted(attributes.operation)}`);
  if (deepEqual(withoutSize(attributes.old), withoutSize(attributes.object))) return;
  throw refuse(
    attributes,
    `node ${quoted(node)} is not allowed to update fields other than status.capacity and status.conditions`,
  );
}

function withoutSize(object: KubeObject | undefined): unknown {
  const { metadata, status, ...rest } = object as PersistentVolumeClaim;
  const { resourceVersion: _version, managedFields: _managers, ...kept } = metadata;
  const keptStatus = Object.entries(status ?? {}).filter(([field]) => !statusOfNode.includes(field));
  return { ...rest, metadata: kept, status: Object.fromEntries(keptStatus) };
}

function checkLease({ attributes, node }: Case): void {
  if (attributes.namespace !== "kube-node-lease")
    throw refuse(attributes, 'can only access leases in the "kube-node-lease" system namespace');
  if ((attributes.object?.metadata.name ?? attributes.name) !== node)
    throw refuse(attributes, "can only access node lease with the same name as the requesting node");
}

function checkCSINode({ attributes, node }: Case): void {
  if ((attributes.object?.metadata.name ?? attributes.name) !== node)
    throw refuse(attributes, "can only access CSINode with the same name as the requesting node");
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
