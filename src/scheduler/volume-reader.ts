import {
  compareQuantity,
  keyOf,
  keyString,
  labelSelectorAsSelector,
  matches,
  parseQuantity,
} from "../api/meta/index.ts";
import type { PersistentVolume } from "../api/types/index.ts";
import { claimClass, volumeClass } from "../api/volumes/index.ts";
import { type InformerFactory, resources } from "../client/index.ts";
import type { VolumeReader } from "./cluster-state.ts";

const byClaim = "claim";
const byClass = "class";
const freeByClass = "free";

/** Answers what plugins ask of storage from informers that this makes. */
export function createVolumeReader(informers: InformerFactory): VolumeReader {
  const claims = informers.informer(resources.persistentvolumeclaims).store;
  const classes = informers.informer(resources.storageclasses).store;
  const csiNodes = informers.informer(resources.csinodes).store;
  const drivers = informers.informer(resources.csidrivers).store;
  const capacities = informers.informer(resources.csistoragecapacities, {
    indexers: { [byClass]: ({ storageClassName }) => [storageClassName] },
  }).store;
  const volumes = informers.informer(resources.persistentvolumes, {
    indexers: {
      [byClaim]: ({ spec: { claimRef } }) =>
        claimRef?.name ? [keyString({ namespace: claimRef.namespace, name: claimRef.name })] : [],
      [freeByClass]: (volume) => (isFree(volume) ? [volumeClass(volume)] : []),
    },
  }).store;
  return {
    claim: (key) => claims.get(key),
    volume: (name) => volumes.get(name),
    storageClass: (name) => classes.get(name),
    csiNode: (name) => csiNodes.get(name),
    hasRoom: ({ metadata, provisioner }, size, labels) => {
      if (drivers.get(provisioner)?.spec.storageCapacity !== true) return true;
      return capacities.byIndex(byClass, metadata.name ?? "").some(({ capacity, maximumVolumeSize, nodeTopology }) => {
        // The largest volume says more than the sum of what is left.
        const room = maximumVolumeSize ?? capacity;
        if (room === undefined || compareQuantity(parseQuantity(room), size) < 0) return false;
        return nodeTopology !== undefined && matches(labelSelectorAsSelector(nodeTopology), labels);
      });
    },
    candidates: (claim) => [
      ...volumes.byIndex(byClaim, keyString(keyOf(claim))),
      ...volumes.byIndex(freeByClass, claimClass(claim)),
    ],
  };
}

function isFree({ spec, status }: PersistentVolume): boolean {
  return spec.claimRef === undefined && status?.phase === "Available";
}
