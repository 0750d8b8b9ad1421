import type { Pod } from "../../api/types/index.ts";
import { type Informer, type InformerFactory, resources } from "../../client/index.ts";

export interface PodHandlers {
  /** `isInitial` for pods that were there when the source began. */
  add(pod: Pod, isInitial: boolean): void;
  update(pod: Pod): void;
  remove(pod: Pod): void;
}

/** Where a node learns of its pods. */
export interface PodSource {
  subscribe(nodeName: string, handlers: PodHandlers): { stop(): void };
  whenSynced(): Promise<void>;
}

/** One informer of all pods for all nodes of the process: a watch each would be dear. */
export function sharedPodSource(informers: InformerFactory): PodSource {
  return dispatching(informers.informer(resources.pods));
}

/** A watch of one node's pods alone, for a kubelet on its own. */
export function nodePodSource(informers: InformerFactory, nodeName: string): PodSource {
  return dispatching(informers.informer(resources.pods, { fieldSelector: `spec.nodeName=${nodeName}` }));
}

function dispatching(informer: Informer<Pod>): PodSource {
  const nodes = new Map<string, PodHandlers>();
  const of = (pod: Pod): PodHandlers | undefined => nodes.get(pod.spec?.nodeName ?? "");
  informer.addHandlers({
    add: (pod, isInitial) => of(pod)?.add(pod, isInitial),
    update: (old, pod) => {
      if (old.spec?.nodeName === pod.spec?.nodeName) of(pod)?.update(pod);
      else of(pod)?.add(pod, false);
    },
    delete: (pod) => of(pod)?.remove(pod),
  });
  return {
    whenSynced: () => informer.whenSynced(),
    subscribe: (nodeName, handlers) => {
      if (nodes.has(nodeName)) throw new Error(`there are two nodes ${nodeName} in this process`);
      nodes.set(nodeName, handlers);
      if (informer.hasSynced()) {
        for (const pod of informer.store.values()) if (pod.spec?.nodeName === nodeName) handlers.add(pod, true);
      }
      return { stop: () => void nodes.delete(nodeName) };
    },
  };
}
