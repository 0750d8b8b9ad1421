// A scheduler that is slow and obviously right: filters and scores by their published definitions, brute force over all
// nodes and pods, nothing remembered. The differential test holds the real one against it.
import type { Node, Pod } from "../../../../src/api/types/index.ts";
import { affinityScores, interPodAffinity } from "./affinity.ts";
import * as nodes from "./nodes.ts";
import { balancedScores, leastAllocatedScores, nodeResourcesFit } from "./resources.ts";
import { podTopologySpread, spreadScores } from "./spreading.ts";
import { volumeBinding, volumeRestrictions, volumeZone } from "./volumes.ts";
import { type Filter, nameOf, type Scores, type World } from "./world.ts";

export type { PlacedPod, World } from "./world.ts";
export { nameOf };

/** Whether the node would still do if the pods came that are to come to it and are at least as important. */
export function fitsWithNominated(world: World, pod: Pod, node: Node): boolean {
  const coming = world.nominated.filter(
    (other) => other.node === nameOf(node) && (other.pod.spec?.priority ?? 0) >= (pod.spec?.priority ?? 0),
  );
  if (coming.length === 0) return true;
  const withThem = { ...world, placed: [...world.placed, ...coming] };
  return Object.values(filters).every((filter) => filter(withThem, pod, node) === undefined);
}

/** In the default profile's order: the first refusal is the one that is told. */
export const filters: Readonly<Record<string, Filter>> = {
  NodeUnschedulable: nodes.nodeUnschedulable,
  NodeName: nodes.nodeName,
  TaintToleration: nodes.taintToleration,
  NodeAffinity: nodes.nodeAffinity,
  NodePorts: nodes.nodePorts,
  NodeResourcesFit: nodeResourcesFit,
  VolumeRestrictions: volumeRestrictions,
  VolumeBinding: volumeBinding,
  VolumeZone: volumeZone,
  PodTopologySpread: podTopologySpread,
  InterPodAffinity: interPodAffinity,
};

/** With the default profile's weights. */
export const scores: Readonly<Record<string, { readonly weight: number; readonly scores: Scores }>> = {
  TaintToleration: { weight: 3, scores: nodes.taintScores },
  NodeAffinity: { weight: 2, scores: nodes.nodeAffinityScores },
  PodTopologySpread: { weight: 2, scores: spreadScores },
  InterPodAffinity: { weight: 2, scores: affinityScores },
  NodeResourcesFit: { weight: 1, scores: leastAllocatedScores },
  NodeResourcesBalancedAllocation: { weight: 1, scores: balancedScores },
  ImageLocality: { weight: 1, scores: nodes.imageScores },
};
