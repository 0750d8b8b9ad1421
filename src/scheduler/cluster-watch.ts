import { deepEqual, type KubeObject, keyOf, keyString } from "../api/meta/index.ts";
import type { Node, Pod } from "../api/types/index.ts";
import { type InformerFactory, type ResourceType, resources } from "../client/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { ClusterEvent } from "./events.ts";
import { isTerminal, needsNode } from "./framework.ts";
import { type PodInfo, podInfoOf } from "./pod-info.ts";

/** Who is told of what the watch sees, beside the cluster state. */
export interface WatchSink {
  /** Whether some profile of this scheduler is asked for. */
  isOurs(pod: Pod): boolean;
  /** A pod of ours that needs a node is new, or changed in what decides where it fits. */
  podAdded(info: PodInfo): void;
  /** A pod of ours changed in nothing that matters. */
  podRefreshed(info: PodInfo): void;
  /** The pod needs no node from us any more. */
  podRemoved(key: string): void;
  event(event: ClusterEvent): void;
}

type Handle = { remove(): void };

/** Keeps the cluster state as the API says, and tells what pods may wait for. Gives how to stop. */
export function watchCluster(informers: InformerFactory, cluster: ClusterState, sink: WatchSink): readonly Handle[] {
  const watch = new ClusterWatch(cluster, sink);
  return [
    informers.informer(resources.nodes).addHandlers({
      add: (node) => watch.nodeSeen(node),
      update: (old, node) => watch.nodeSeen(node, old),
      delete: (node) => cluster.removeNode(node.metadata.name ?? ""),
    }),
    informers.informer(resources.pods).addHandlers({
      add: (pod) => watch.podSeen(pod),
      update: (old, pod) => watch.podSeen(pod, old),
      delete: (pod) => watch.podGone(pod),
    }),
    informers.informer(resources.namespaces).addHandlers({
      update: (old, namespace) => {
        if (deepEqual(old.metadata.labels, namespace.metadata.labels)) return;
        sink.event({ kind: "namespace/changed", namespace, old });
      },
    }),
    ...watchStorage(informers, sink),
  ];
}

function watchStorage(informers: InformerFactory, sink: WatchSink): Handle[] {
  const claims = objectHandlers((object, old) => sink.event({ kind: "claim/changed", object, ...(old && { old }) }));
  const others = objectHandlers((object, old) => sink.event({ kind: "volume/changed", object, ...(old && { old }) }));
  const watch = <T extends KubeObject>(type: ResourceType<T>) => informers.informer(type).addHandlers(others);
  return [
    informers.informer(resources.persistentvolumeclaims).addHandlers(claims),
    watch(resources.persistentvolumes),
    watch(resources.storageclasses),
    watch(resources.csinodes),
    watch(resources.csidrivers),
    watch(resources.csistoragecapacities),
  ];
}

function objectHandlers(changed: (object: KubeObject, old?: KubeObject) => void) {
  return {
    add: (object: KubeObject) => changed(object),
    update: (old: KubeObject, object: KubeObject) => changed(object, old),
    delete: (object: KubeObject) => changed(object),
  };
}

class ClusterWatch {
  readonly #cluster: ClusterState;
  readonly #sink: WatchSink;

  constructor(cluster: ClusterState, sink: WatchSink) {
    this.#cluster = cluster;
    this.#sink = sink;
  }

  nodeSeen(node: Node, old?: Node): void {
    this.#cluster.setNode(node);
    if (!old) {
      this.#sink.event({ kind: "node/added", node });
      return;
    }
    if (!deepEqual(old.status?.allocatable, node.status?.allocatable)) {
      this.#sink.event({ kind: "node/allocatable", node, old });
    }
    if (!deepEqual(old.metadata.labels, node.metadata.labels)) this.#sink.event({ kind: "node/labels", node, old });
    const taints = (n: Node) => [n.spec?.taints, n.spec?.unschedulable];
    if (!deepEqual(taints(old), taints(node))) this.#sink.event({ kind: "node/taints", node, old });
  }

  podSeen(pod: Pod, old?: Pod): void {
    const key = keyString(keyOf(pod));
    const node = pod.spec?.nodeName;
    if (node && !isTerminal(pod)) {
      this.#sink.podRemoved(key);
      this.#cluster.setPod(podInfoOf(pod), node);
      this.#assignedPodSeen(pod, old);
    } else if (node) {
      this.#leave(key, pod);
    } else if (!needsNode(pod) || !this.#sink.isOurs(pod)) {
      this.#sink.podRemoved(key);
      this.#cluster.unnominate(key);
    } else if (!this.#cluster.isAssumed(key)) {
      this.#waitingPodSeen(pod, old);
    }
  }

  podGone(pod: Pod): void {
    const key = keyString(keyOf(pod));
    this.#sink.podRemoved(key);
    this.#cluster.unnominate(key);
    if (pod.spec?.nodeName) this.#leave(key, pod);
  }

  #assignedPodSeen(pod: Pod, old: Pod | undefined): void {
    if (!old?.spec?.nodeName) {
      this.#sink.event({ kind: "assigned-pod/added", pod, ...(old && { old }) });
      return;
    }
    if (!deepEqual(old.metadata.labels, pod.metadata.labels)) {
      this.#sink.event({ kind: "assigned-pod/labels", pod, old });
    }
    const asked = ({ requests }: PodInfo) => requests;
    if (old.spec !== pod.spec && !deepEqual(asked(podInfoOf(old)), asked(podInfoOf(pod)))) {
      this.#sink.event({ kind: "assigned-pod/scaled-down", pod, old });
    }
  }

  #waitingPodSeen(pod: Pod, old: Pod | undefined): void {
    const info = podInfoOf(pod);
    const nominated = pod.status?.nominatedNodeName;
    const before = old?.status?.nominatedNodeName;
    // A nomination of our own that is not written yet stays.
    if (nominated && nominated !== before) this.#cluster.nominate(info, nominated);
    else if (before && !nominated && this.#cluster.nominationOf(info.key) === before) {
      this.#cluster.unnominate(info.key);
    }
    if (!old || affectsScheduling(old, pod)) this.#sink.podAdded(info);
    else this.#sink.podRefreshed(info);
    if (!old) this.#sink.event({ kind: "unscheduled-pod/added", pod });
  }

  #leave(key: string, pod: Pod): void {
    this.#cluster.removePod(key);
    this.#sink.event({ kind: "assigned-pod/deleted", pod });
  }
}

/** Whether an update of a pending pod may change where it fits; of its status, only which claims were made for it. */
function affectsScheduling(old: Pod, pod: Pod): boolean {
  const parts = ({ spec, metadata, status }: Pod) => [spec, metadata.labels, status?.resourceClaimStatuses];
  return !deepEqual(parts(old), parts(pod));
}
