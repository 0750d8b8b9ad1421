import {
  controllerOf,
  isEmptySelector,
  labelSelectorAsSelector,
  matches,
  type Selector,
  selectorFromLabels,
} from "../api/meta/index.ts";
import { type InformerFactory, resources } from "../client/index.ts";
import type { ClusterReader } from "./cluster-state.ts";
import type { PodInfo } from "./pod-info.ts";
import { createVolumeReader } from "./volume-reader.ts";

/** Answers what plugins ask besides nodes and pods from informers that this makes. */
export function createClusterReader(informers: InformerFactory): ClusterReader {
  const namespaced = informers.informer(resources.namespaces).store;
  const byNamespace = {
    namespace: (object: { metadata: { namespace?: string } }) => [object.metadata.namespace ?? ""],
  };
  const allServices = informers.informer(resources.services, { indexers: byNamespace }).store;
  const owners = {
    ReplicaSet: informers.informer(resources.replicasets).store,
    StatefulSet: informers.informer(resources.statefulsets).store,
  };
  const controllers = informers.informer(resources.replicationcontrollers).store;

  const ownerSelector = (info: PodInfo): Selector | undefined => {
    const owner = controllerOf(info.pod);
    if (!owner) return undefined;
    const key = `${info.namespace}/${owner.name}`;
    if (owner.kind === "ReplicationController") return selectorFromLabels(controllers.get(key)?.spec?.selector);
    if (owner.kind !== "ReplicaSet" && owner.kind !== "StatefulSet") return undefined;
    return labelSelectorAsSelector(owners[owner.kind].get(key)?.spec?.selector);
  };

  return {
    volumes: createVolumeReader(informers),
    namespaceLabels: (name) => namespaced.get(name)?.metadata.labels ?? noLabels,
    spreadingSelectors: (info) => {
      const found: Selector[] = [];
      for (const service of allServices.byIndex("namespace", info.namespace)) {
        const selector = selectorFromLabels(service.spec?.selector);
        if (!isEmptySelector(selector) && matches(selector, info.labels)) found.push(selector);
      }
      const owner = ownerSelector(info);
      if (owner && !owner.nothing) found.push(owner);
      return found;
    },
  };
}

const noLabels: Readonly<Record<string, string>> = {};
