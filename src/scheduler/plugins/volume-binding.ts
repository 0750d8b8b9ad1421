import {
  compareQuantity,
  isControlledBy,
  keyOf,
  keyString,
  parseQuantity,
  type Quantity,
} from "../../api/meta/index.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/types/index.ts";
import {
  annotated,
  annotationsOfBinding,
  claimClass,
  claimedVolumes,
  findVolume,
  isDelayed,
  isFullyBound,
  reachesNode,
  topologyAllows,
  volumeBoundTo,
} from "../../api/volumes/index.ts";
import { resources } from "../../client/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { defaultPluginArgs, type VolumeBindingArgs } from "../config/plugin-args.ts";
import type { FilterPlugin, PreBindContext, Rejection, Reservation, ReservePlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";

const name = "VolumeBinding";
const otherNode = "node(s) didn't match PersistentVolume's node affinity";
const nothingToBind = "node(s) didn't find available persistent volumes to bind";
const noRoom = "node(s) did not have enough free storage";
const volumeGone = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

/** Pods go where their volumes are or can be made; volumes of claims that wait for a consumer are bound before the pod. */
export function createVolumeBinding(
  { bindTimeoutSeconds }: VolumeBindingArgs = defaultPluginArgs.VolumeBinding,
): FilterPlugin & ReservePlugin {
  return {
    name,
    wakesOn: {
      "claim/changed": (info, { object }) => info.claimKeys.includes(keyString(keyOf(object))),
      "volume/changed": true,
      "node/added": true,
      "node/labels": true,
    },
    prepareFilter: (info, cluster) => {
      if (info.claimKeys.length === 0) return undefined;
      const claims = claimsOf(info, cluster);
      if ("refused" in claims) return { rejected: rejection(claims.refused) };
      return (node) => {
        const { reasons } = planOn(node, claims, cluster);
        return reasons.length === 0 ? undefined : rejection(...reasons);
      };
    },
    prepareReserve: (info, node, cluster) => {
      const claims = claimsOf(info, cluster);
      if ("refused" in claims || claims.waiting.length === 0) return undefined;
      return reserve({ ...planOn(node, claims, cluster), node, cluster, timeoutMs: bindTimeoutSeconds * 1000 });
    },
  };
}

export const volumeBinding = createVolumeBinding();

interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  /** Of classes that wait for the first consumer: small ones first, so that they leave large volumes to others. */
  readonly waiting: readonly PersistentVolumeClaim[];
}

/** The claims of a pod, or why it cannot be placed anywhere yet. */
function claimsOf({ pod, namespace }: PodInfo, { reader }: ClusterState): PodClaims | { readonly refused: string } {
  const bound: PersistentVolumeClaim[] = [];
  const waiting: PersistentVolumeClaim[] = [];
  let hasUnbound = false;
  for (const { claimName, isEphemeral } of claimedVolumes(pod)) {
    const claim = reader.volumes.claim(`${namespace}/${claimName}`);
    const refused = whyNot(claim, claimName);
    if (claim === undefined || refused !== undefined) {
      if (claim === undefined && isEphemeral) return { refused: notMadeYet(claimName) };
      return { refused: refused ?? notFound(claimName) };
    }
    if (isEphemeral && !isControlledBy(claim, pod)) {
      const names = `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod.metadata.name}`;
      return { refused: `${names} (pod is not owner)` };
    }
    if (isFullyBound(claim)) bound.push(claim);
    else if (!claim.spec.volumeName && isDelayed(reader.volumes.storageClass(claimClass(claim)))) waiting.push(claim);
    else hasUnbound = true;
  }
  if (hasUnbound) return { refused: "pod has unbound immediate PersistentVolumeClaims" };
  return { bound, waiting: waiting.sort((a, b) => compareQuantity(sizeOf(a), sizeOf(b))) };
}

function whyNot(claim: PersistentVolumeClaim | undefined, claimName: string): string | undefined {
  if (claim === undefined) return undefined;
  if (claim.status?.phase === "Lost") {
    const { volumeName } = claim.spec;
    return `persistentvolumeclaim "${claimName}" bound to non-existent persistentvolume "${volumeName ?? ""}"`;
  }
  if (claim.metadata.deletionTimestamp === undefined) return undefined;
  return `persistentvolumeclaim "${claimName}" is being deleted`;
}

function notFound(claimName: string): string {
  return `persistentvolumeclaim "${claimName}" not found`;
}

function notMadeYet(claimName: string): string {
  return `waiting for ephemeral volume controller to create the persistentvolumeclaim "${claimName}"`;
}

/** How the claims that wait would get their volumes on a node; impossible when there are reasons against it. */
interface NodePlan {
  readonly reasons: readonly string[];
  readonly matches: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly toProvision: readonly PersistentVolumeClaim[];
}

function planOn(node: NodeInfo, { bound, waiting }: PodClaims, cluster: ClusterState): NodePlan {
  const matches: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const toProvision: PersistentVolumeClaim[] = [];
  const reasons = new Set<string>();
  const { volumes } = cluster.reader;
  for (const { spec } of bound) {
    const volume = volumes.volume(spec.volumeName ?? "");
    if (volume === undefined) reasons.add(volumeGone);
    else if (!reachesNode(volume, node)) reasons.add(otherNode);
  }
  const chosen = new Set<string>();
  for (const claim of waiting) {
    const selected = selectedNodeOf(claim, cluster);
    if (selected === undefined) {
      const key = keyString(keyOf(claim));
      const isTaken = ({ metadata }: PersistentVolume) => {
        const takenBy = cluster.takenVolumes.get(metadata.name ?? "");
        return chosen.has(metadata.name ?? "") || (takenBy !== undefined && takenBy !== key);
      };
      const volume = findVolume(claim, volumes.candidates(claim), { node, isTaken });
      if (volume !== undefined) {
        chosen.add(volume.metadata.name ?? "");
        matches.push({ claim, volume });
        continue;
      }
    }
    const why = selected === undefined ? whyNotProvisioned(claim, node, cluster) : undefined;
    if (why !== undefined) reasons.add(why);
    else if (selected !== undefined && selected !== node.name) reasons.add(nothingToBind);
    else toProvision.push(claim);
  }
  return { reasons: [...reasons], matches, toProvision };
}

/** The node for which a volume is being made, by what is written or what is about to be. */
function selectedNodeOf(claim: PersistentVolumeClaim, { claimNodes }: ClusterState): string | undefined {
  return claimNodes.get(keyString(keyOf(claim))) ?? claim.metadata.annotations?.[annotationsOfBinding.selectedNode];
}

function whyNotProvisioned(claim: PersistentVolumeClaim, node: NodeInfo, { reader }: ClusterState): string | undefined {
  const storageClass = reader.volumes.storageClass(claimClass(claim));
  if (!storageClass?.provisioner || storageClass.provisioner === "kubernetes.io/no-provisioner") return nothingToBind;
  if (!topologyAllows(storageClass.allowedTopologies, node.labels)) return nothingToBind;
  return reader.volumes.hasRoom(storageClass, sizeOf(claim), node.labels) ? undefined : noRoom;
}

function sizeOf({ spec }: PersistentVolumeClaim): Quantity {
  return parseQuantity(spec.resources?.requests?.storage ?? "0");
}

function rejection(...reasons: string[]): Rejection {
  return { plugin: name, reasons, resolvable: false };
}

function reserve(binding: Binding): Reservation {
  const { matches, toProvision, node, cluster } = binding;
  const taken = new Map(matches.map(({ claim, volume }) => [volume.metadata.name ?? "", keyString(keyOf(claim))]));
  const placed = toProvision.map((claim) => keyString(keyOf(claim))).filter((key) => !cluster.claimNodes.has(key));
  for (const [volume, claim] of taken) cluster.takenVolumes.set(volume, claim);
  for (const claim of placed) cluster.claimNodes.set(claim, node.name);
  return {
    plugin: name,
    preBind: (context) => bindVolumes(binding, context),
    // Bound or not: by then the volumes say themselves whose they are.
    release: () => {
      for (const volume of taken.keys()) cluster.takenVolumes.delete(volume);
      for (const claim of placed) cluster.claimNodes.delete(claim);
    },
  };
}

interface Binding extends Pick<NodePlan, "matches" | "toProvision"> {
  readonly node: NodeInfo;
  readonly cluster: ClusterState;
  /** How long the volumes may take. */
  readonly timeoutMs: number;
}

/** Says what shall be bound, and waits for the controller and the provisioners to do it. */
async function bindVolumes(binding: Binding, context: PreBindContext): Promise<void> {
  const { matches, toProvision, node, cluster, timeoutMs } = binding;
  const { client, until } = context;
  for (const { claim, volume } of matches) {
    const wanted = volumeBoundTo(volume, claim);
    if (wanted !== volume) await client.resource(resources.persistentvolumes).update(wanted);
  }
  const versions = new Map<string, string | undefined>();
  for (const claim of toProvision) {
    const wanted = annotated(claim, { [annotationsOfBinding.selectedNode]: node.name });
    if (wanted === claim) continue;
    const written = await client.resource(resources.persistentvolumeclaims).update(wanted);
    versions.set(keyString(keyOf(claim)), written.metadata.resourceVersion);
  }
  const keys = [...matches.map(({ claim }) => claim), ...toProvision].map((claim) => keyString(keyOf(claim)));
  const provisioned = new Set(toProvision.map((claim) => keyString(keyOf(claim))));
  // The view of claims may lag behind what was just written.
  const seen = (claim: PersistentVolumeClaim) => {
    const written = versions.get(keyString(keyOf(claim)));
    return written === undefined || Number(claim.metadata.resourceVersion) >= Number(written);
  };
  const areBound = () => {
    const claims = keys.map((key) => cluster.reader.volumes.claim(key) ?? gone(key));
    for (const claim of claims) {
      if (provisioned.has(keyString(keyOf(claim))) && seen(claim)) checkSelected(claim, node.name);
    }
    return claims.every((claim) => isFullyBound(claim) && isOnNode(claim));
  };
  try {
    await until(areBound, timeoutMs);
  } catch (error) {
    throw new Error(`binding volumes: ${error instanceof Error ? error.message : error}`, { cause: error });
  }

  function isOnNode({ spec }: PersistentVolumeClaim): boolean {
    const volume = cluster.reader.volumes.volume(spec.volumeName ?? "");
    if (volume === undefined) return false;
    if (reachesNode(volume, node)) return true;
    const mismatch = `pv "${spec.volumeName}" node affinity doesn't match node "${node.name}"`;
    throw new Error(`${mismatch}: no matching NodeSelectorTerms`);
  }
}

function gone(key: string): never {
  throw new Error(`failed to check provisioning pvc: "${key}" does not exist any more`);
}

/** A provisioner that cannot make the volume on the chosen node takes the choice back. */
function checkSelected({ metadata }: PersistentVolumeClaim, nodeName: string): void {
  if (metadata.annotations?.[annotationsOfBinding.selectedNode] === nodeName) return;
  throw new Error(`provisioning failed for PVC "${metadata.name}"`);
}
