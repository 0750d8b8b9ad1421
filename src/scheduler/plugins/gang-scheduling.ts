import { keyString } from "../../api/meta/index.ts";
import type { Pod, schedulingV1alpha2 } from "../../api/types/index.ts";
import { type ResourceType, resources } from "../../client/index.ts";
import { isTerminal, type PluginHandle, type PreEnqueuePlugin } from "../framework.ts";
import type { Gang, GangPlugin } from "../gang.ts";

type PodGroup = schedulingV1alpha2.PodGroup;

const podGroups: ResourceType<PodGroup> = {
  group: "scheduling.k8s.io",
  version: "v1alpha2",
  resource: "podgroups",
  kind: "PodGroup",
  namespaced: true,
};

const byGroup = "pod group";

/**
 * GangScheduling: pods of a PodGroup with a gang policy get their nodes together, at least `minCount` of them or none.
 * As its API it is off unless a configuration enables it by name, and needs the right to read pod groups.
 */
export function createGangScheduling({ informers, cluster, emit }: PluginHandle): PreEnqueuePlugin & GangPlugin {
  const groups = informers.informer(podGroups);
  const pods = informers.informer(resources.pods, {
    indexers: { [byGroup]: groupKeys },
  }).store;
  groups.addHandlers({
    add: (object) => emit({ kind: "pod-group/changed", object }),
    update: (old, object) => emit({ kind: "pod-group/changed", object, old }),
  });
  const sameGroup = (pod: Pod, other: Pod) => groupKeyOf(pod) !== undefined && groupKeyOf(pod) === groupKeyOf(other);

  return {
    name: "GangScheduling",
    wakesOn: {
      "unscheduled-pod/added": (info, { pod }) => sameGroup(info.pod, pod),
      "assigned-pod/added": (info, { pod }) => sameGroup(info.pod, pod),
      "assigned-pod/deleted": true,
      "node/added": true,
      "node/allocatable": true,
      "pod-group/changed": ({ pod }, { object: { metadata } }) => groupKeyOf(pod) === keyString(metadataKey(metadata)),
    },
    preEnqueue: ({ pod }) => {
      const key = groupKeyOf(pod);
      if (key === undefined) return undefined;
      const group = groups.store.get(key);
      const name = pod.spec?.schedulingGroup?.podGroupName;
      if (!group) return `waiting for pod's pod group "${name}" to appear in scheduling queue`;
      if (group.spec.schedulingConstraints?.topology?.length) {
        return `pod group "${name}" has topology constraints, which this scheduler does not know`;
      }
      const { gang } = group.spec.schedulingPolicy;
      if (!gang || pods.byIndex(byGroup, key).length >= gang.minCount) return undefined;
      return "waiting for minCount pods from a gang to appear in scheduling queue";
    },
    gangOf: ({ pod }): Gang | undefined => {
      const key = groupKeyOf(pod);
      const minCount = key && groups.store.get(key)?.spec.schedulingPolicy.gang?.minCount;
      if (!key || !minCount) return undefined;
      const members = pods.byIndex(byGroup, key);
      const isPlaced = ({ metadata, spec }: Pod) =>
        Boolean(spec?.nodeName) || cluster.isAssumed(keyString(metadataKey(metadata)));
      return { key, minCount, placed: members.filter(isPlaced).length };
    },
  };
}

/** Of pods that still count: the key of their group, if they have one. */
function groupKeys(pod: Pod): readonly string[] {
  const key = isTerminal(pod) ? undefined : groupKeyOf(pod);
  return key === undefined ? [] : [key];
}

/** namespace/name of the pod's group. */
function groupKeyOf({ metadata, spec }: Pod): string | undefined {
  const name = spec?.schedulingGroup?.podGroupName;
  return name ? keyString({ namespace: metadata.namespace, name }) : undefined;
}

function metadataKey({ namespace, name = "" }: { namespace?: string; name?: string }) {
  return { namespace, name };
}
