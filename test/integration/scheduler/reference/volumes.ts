// Claims that are bound already: where their volumes can be reached, and claims that only one pod may use.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../../../src/api/types/index.ts";
import { mayRunOn } from "./nodes.ts";
import { type Filter, label, nameOf, namespaceOf, podsOn, type World } from "./world.ts";

function claimsOf(world: World, pod: Pod): PersistentVolumeClaim[] {
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    world.claims.filter(
      ({ metadata }) => metadata.name === persistentVolumeClaim?.claimName && metadata.namespace === namespaceOf(pod),
    ),
  );
}

function volumesOf(world: World, pod: Pod): PersistentVolume[] {
  return claimsOf(world, pod).flatMap(({ spec }) =>
    world.volumes.filter((volume) => nameOf(volume) === spec.volumeName),
  );
}

export const volumeRestrictions: Filter = (world, pod) => {
  const single = claimsOf(world, pod).filter(({ spec }) => spec.accessModes?.includes("ReadWriteOncePod"));
  const isInUse = world.nodes.some((node) =>
    podsOn(world, node).some((other) => claimsOf(world, other).some((claim) => single.includes(claim))),
  );
  const reason = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
  return isInUse ? { reasons: [reason], resolvable: true } : undefined;
};

export const volumeBinding: Filter = (world, pod, node) => {
  const unreachable = volumesOf(world, pod).some(({ spec }) => {
    const required = spec?.nodeAffinity?.required;
    if (required === undefined) return false;
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
    return !mayRunOn({ ...pod, spec: { containers: [], affinity: { nodeAffinity } } }, node);
  });
  return unreachable
    ? { reasons: ["node(s) didn't match PersistentVolume's node affinity"], resolvable: false }
    : undefined;
};

export const volumeZone: Filter = (world, pod, node) => {
  const keys = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];
  if (keys.every((key) => label(node, key) === undefined)) return undefined;
  const isElsewhere = volumesOf(world, pod).some(({ metadata }) =>
    keys.some((key) => {
      const zones = metadata.labels?.[key];
      return zones !== undefined && !zones.split("__").includes(label(node, key) ?? "");
    }),
  );
  return isElsewhere ? { reasons: ["node(s) had no available volume zone"], resolvable: false } : undefined;
};
