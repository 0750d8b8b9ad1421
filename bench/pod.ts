// The object that store and scale are measured with.
import type { KubeObject } from "../src/api/meta/index.ts";

const objectBytes = 3 * 1024;
/**
 * What a pod lacks to `objectBytes`; made with the first one. In one piece, as all strings are that come from a parser: V8 makes
 * `"x".repeat(n)` of pieces that it joins only when they are read, which took longer than the rest of a JSON.stringify.
 */
let filling: string | undefined;

/** About as large and as deep as a pod, as a server has it that no two of its objects share a part of. */
export function pod(name: string, namespace = "bench", node = "node-1"): KubeObject & { status: { message: string } } {
  const containers = Array.from({ length: 3 }, (_, i) => ({
    name: `container-${i}`,
    image: "registry.k8s.io/pause:3.10",
    env: Array.from({ length: 6 }, (_, j) => ({ name: `VARIABLE_${j}`, value: `value-${j}` })),
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
    terminationMessagePath: "/dev/termination-log",
    imagePullPolicy: "IfNotPresent",
  }));
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      uid: "00000000-0000-4000-8000-000000000000",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "bench" },
    },
    spec: { containers, restartPolicy: "Always", nodeName: node, serviceAccountName: "default" },
    status: { phase: "Running", qosClass: "Burstable", message: "" },
  };
  filling ??= Buffer.alloc(Math.max(0, objectBytes - JSON.stringify(object).length), "x").toString("latin1");
  object.status.message = filling;
  return object;
}
