import { podNameLabel, podNamespaceLabel, podUidLabel } from "../runtime/labels.ts";
import type { ServedNode } from "./served-node.ts";

/** `/pods`: what the kubelet knows of its pods. */
export function podList(node: ServedNode): object {
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items: [...node.pods()].map(({ pod }) => pod) };
}

/** `/runningpods/`: what the runtime runs, told by it alone. */
export async function runningPodList(node: ServedNode): Promise<object> {
  const sandboxes = await node.runtime.listPodSandbox({ state: "ready" });
  const containers = await node.runtime.listContainers({ state: "running" });
  const items = sandboxes.map(({ id, labels }) => ({
    metadata: { name: labels[podNameLabel], namespace: labels[podNamespaceLabel], uid: labels[podUidLabel] },
    spec: {
      containers: containers
        .filter(({ podSandboxId }) => podSandboxId === id)
        .map(({ metadata, image }) => ({ name: metadata.name, image: image.image, resources: {} })),
    },
    status: {},
  }));
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items };
}
