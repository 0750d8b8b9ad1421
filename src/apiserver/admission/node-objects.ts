import type { KubeObject } from "../../api/meta/index.ts";
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod, ResourceSlice } from "../../api/types/index.ts";
import type { Lookup } from "./lookup.ts";
import { type Case, podOf } from "./node-case.ts";
import { isMirrorPod } from "./pod.ts";
import { refuse } from "./refusal.ts";

/** Tokens only for pods that run on the node. */
export async function checkToken(each: Case): Promise<void> {
  const { attributes, node, lookup } = each;
  const { operation, subresource, object, namespace } = attributes;
  if (operation !== "CREATE" || subresource !== "token") return;
  const { spec } = object as {
    spec?: {
      audiences?: string[];
      boundObjectRef?: { apiVersion?: string; kind?: string; name?: string; uid?: string };
    };
  };
  const ref = spec?.boundObjectRef;
  if (ref?.apiVersion !== "v1" || ref.kind !== "Pod" || !ref.name)
    throw refuse(attributes, "node requested token not bound to a pod");
  if (!ref.uid) throw refuse(attributes, "node requested token with a pod binding without a uid");
  const pod = await podOf(lookup, namespace, ref.name);
  if (pod.metadata.uid !== ref.uid) {
    throw refuse(
      attributes,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec.nodeName !== node)
    throw refuse(attributes, "node requested token bound to a pod scheduled on a different node");
  await checkAudience(each, pod, spec?.audiences ?? []);
}

/** An audience is the pod's own, or a role gives it to nodes. No audience is the API server's. */
async function checkAudience(each: Case, pod: Pod, audiences: readonly string[]): Promise<void> {
  const { attributes, authorizer } = each;
  if (audiences.length > 1) throw refuse(attributes, "node may only request 0 or 1 audiences");
  const [audience = ""] = audiences;
  if ((await audiencesOf(each, pod)).has(audience)) return;
  const { user, namespace, name } = attributes;
  const target = { group: "", version: "v1", resource: audience, namespace, name };
  const verb = "request-serviceaccounts-token-audience";
  if (authorizer?.authorize({ kind: "resource", user, verb, ...target }).allowed === true) return;
  const text = JSON.stringify(audience);
  throw refuse(
    attributes,
    `audience ${text} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`,
  );
}

/** Those of the pod's projected tokens, and those that the drivers of its volumes ask for. */
async function audiencesOf({ lookup, attributes }: Case, pod: Pod): Promise<Set<string>> {
  const audiences = new Set<string>();
  const drivers = new Set<string>();
  for (const { projected, csi, persistentVolumeClaim, ephemeral, name } of pod.spec.volumes ?? []) {
    for (const { serviceAccountToken } of projected?.sources ?? []) {
      if (serviceAccountToken !== undefined) audiences.add(serviceAccountToken.audience ?? "");
    }
    if (csi !== undefined) drivers.add(csi.driver);
    const claim = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${pod.metadata.name}-${name}`;
    if (claim === undefined) continue;
    const driver = await driverOfClaim(lookup, attributes.namespace, claim);
    if (driver !== undefined) drivers.add(driver);
  }
  for (const driver of drivers) {
    const found = (await lookup.get("storage.k8s.io", "csidrivers", "", driver)) as CSIDriver | undefined;
    for (const request of found?.spec.tokenRequests ?? []) audiences.add(request.audience);
  }
  return audiences;
}

async function driverOfClaim(lookup: Lookup, namespace: string, name: string): Promise<string | undefined> {
  const claim = await lookup.get("", "persistentvolumeclaims", namespace, name);
  const volumeName = (claim as PersistentVolumeClaim | undefined)?.spec?.volumeName;
  if (!volumeName) return undefined;
  const volume = (await lookup.get("", "persistentvolumes", "", volumeName)) as PersistentVolume | undefined;
  return volume?.spec.csi?.driver;
}

/** Reads and updates are the authorizer's: it knows the stored slice. */
export function checkResourceSlice({ attributes, node }: Case): void {
  const { operation, object, old } = attributes;
  const nodeOf = (slice: KubeObject | undefined) => (slice as ResourceSlice | undefined)?.spec.nodeName;
  if (operation === "CREATE" && nodeOf(object) !== node) {
    throw refuse(attributes, "can only create ResourceSlice with the same NodeName as the requesting node");
  }
  if (operation === "DELETE" && nodeOf(old) !== node) {
    throw refuse(attributes, "can only delete ResourceSlice with the same NodeName as the requesting node");
  }
}

interface CertificateRequest {
  readonly spec?: {
    readonly nodeName?: string;
    readonly nodeUID?: string;
    readonly podName?: string;
    readonly podUID?: string;
    readonly serviceAccountName?: string;
  };
}

/** Certificates only for pods that run on the node, under their own names. */
export async function checkPodCertificateRequest({ attributes, node, lookup }: Case): Promise<void> {
  const { operation, subresource, object, namespace } = attributes;
  if (operation !== "CREATE") throw refuse(attributes, `unexpected operation ${operation}`);
  if (subresource !== "") throw refuse(attributes, `unexpected subresource ${JSON.stringify(subresource)}`);
  const { spec = {} } = object as CertificateRequest;
  if (spec.nodeName !== node) {
    const text = `PodCertificateRequest.Spec.NodeName=${JSON.stringify(spec.nodeName ?? "")}, which is not the requesting node ${JSON.stringify(node)}`;
    throw refuse(attributes, text);
  }
  const pod = await podOf(lookup, namespace, spec.podName ?? "");
  const who = `PodCertificateRequest for pod ${JSON.stringify(`${namespace}/${spec.podName}`)}`;
  const differs = (what: string, asked: string | undefined, is: string | undefined) =>
    refuse(attributes, `${who} contains ${what} ${JSON.stringify(asked ?? "")}, but it is ${JSON.stringify(is ?? "")}`);
  if (isMirrorPod(pod)) throw refuse(attributes, `${who} is for a mirror pod, which has no service account`);
  if (pod.spec.nodeName !== node) throw differs("node name", node, pod.spec.nodeName);
  if (pod.metadata.uid !== spec.podUID) throw differs("pod UID", spec.podUID, pod.metadata.uid);
  if (pod.spec.serviceAccountName !== spec.serviceAccountName) {
    throw differs("service account name", spec.serviceAccountName, pod.spec.serviceAccountName);
  }
  const self = await lookup.get("", "nodes", "", node);
  if (self?.metadata.uid !== spec.nodeUID) throw differs("node UID", spec.nodeUID, self?.metadata.uid);
}
