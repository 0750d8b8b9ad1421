import type {
  CSINode,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  Volume,
} from "../../api/types/index.ts";
import { claimClass } from "../../api/volumes/index.ts";
import { ClusterState } from "../cluster-state.ts";

/** For tests: storage as plugins see it, and pods and nodes that use it. */
export interface StorageFacts {
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
  readonly csiNodes?: readonly CSINode[];
  /** Classes whose provisioners have no room. */
  readonly full?: readonly string[];
}

export function clusterWith(facts: StorageFacts, nodes: readonly Node[]): ClusterState {
  const { claims = [], volumes = [], classes = [], csiNodes = [], full = [] } = facts;
  const named = <T extends { metadata: { name?: string } }>(objects: readonly T[], name: string) =>
    objects.find(({ metadata }) => metadata.name === name);
  const cluster = new ClusterState({
    namespaceLabels: () => ({}),
    spreadingSelectors: () => [],
    volumes: {
      claim: (key) => claims.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
      volume: (name) => named(volumes, name),
      storageClass: (name) => named(classes, name),
      csiNode: (name) => named(csiNodes, name),
      hasRoom: ({ metadata }) => !full.includes(metadata.name ?? ""),
      candidates: (claim) =>
        volumes.filter(
          ({ spec }) => spec.claimRef?.name === claim.metadata.name || spec.storageClassName === claimClass(claim),
        ),
    },
  });
  for (const node of nodes) cluster.setNode(node);
  return cluster;
}

export function nodeNamed(name: string, labels: Record<string, string> = {}): Node {
  const metadata = { name, labels: { "kubernetes.io/hostname": name, ...labels } };
  return { apiVersion: "v1", kind: "Node", metadata, spec: {}, status: { allocatable: { pods: "110" } } };
}

export function podWith(name: string, volumes: readonly Volume[]): Pod {
  const metadata = { name, namespace: "default", uid: name };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [], volumes: [...volumes] } };
}

export function claimVolume(claimName: string): Volume {
  return { name: claimName, persistentVolumeClaim: { claimName } };
}

type ClaimFacts = Partial<PersistentVolumeClaim["spec"]> & {
  readonly metadata?: Partial<PersistentVolumeClaim["metadata"]>;
  readonly phase?: string;
};

/** With a volume's name it is bound to it. */
export function claimNamed(name: string, { metadata, phase, ...spec }: ClaimFacts = {}): PersistentVolumeClaim {
  const annotations = spec.volumeName ? { "pv.kubernetes.io/bind-completed": "yes" } : undefined;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "default", uid: name, annotations, ...metadata },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
    status: { phase: phase ?? (spec.volumeName ? "Bound" : "Pending") },
  };
}

export function volumeNamed(
  name: string,
  spec: PersistentVolume["spec"] & { readonly node?: string; readonly labels?: Record<string, string> } = {},
): PersistentVolume {
  const { node, labels, ...rest } = spec;
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In", values: [node ?? ""] }];
  const nodeAffinity = node === undefined ? undefined : { required: { nodeSelectorTerms: [{ matchExpressions }] } };
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, labels },
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, nodeAffinity, ...rest },
    status: { phase: "Available" },
  };
}

export function classNamed(name: string, more: Partial<StorageClass> = {}): StorageClass {
  return { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name }, provisioner: "p", ...more };
}
