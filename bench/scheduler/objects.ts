import type { Node, Pod } from "../../src/api/types/index.ts";
import type { Case, Pods } from "./cases.ts";

/** As scheduler_perf's: 4 processors, 32 GiB, 110 pods. */
export function nodeNumber(i: number, { node }: Case): Node {
  const name = `node-${i}`;
  const more = node?.(i);
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid: name, labels: { "kubernetes.io/hostname": name, ...more?.labels } },
    spec: {},
    status: {
      allocatable: { cpu: "4", memory: "32Gi", pods: "110" },
      conditions: [{ type: "Ready", status: "True" }],
    },
  };
}

export function podNumber(i: number, pods: Pods, nodes: number): Pod {
  const { labels, spec, cpu = "100m", memory = "500Mi" } = pods.make(i, nodes);
  const name = `pod-${i}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: pods.namespace,
      uid: `${pods.namespace}/${name}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      // Every pod its own objects, as when they come over a connection.
      ...(labels && { labels: { ...labels } }),
    },
    spec: structuredClone({
      schedulerName: "default-scheduler",
      priority: 0,
      terminationGracePeriodSeconds: 0,
      tolerations: [
        { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
        { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
      ],
      ...spec,
      containers: [{ name: "pause", image: "registry.k8s.io/pause:3.10", resources: { requests: { cpu, memory } } }],
    }),
    status: { phase: "Pending" },
  };
}
