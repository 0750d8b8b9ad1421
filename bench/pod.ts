// The object that store and scale are measured with.
import type { KubeObject } from "../src/api/meta/index.ts";

const objectBytes = 3 * 1024;
/** What a pod lacks to `objectBytes`; found with the first one. */
let fillingBytes: number | undefined;

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
  fillingBytes ??= Math.max(0, objectBytes - JSON.stringify(object).length);
  object.status.message = "x".repeat(fillingBytes);
  return object;
}
