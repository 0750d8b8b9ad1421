import { expect, test } from "vitest";
import { builtinKinds, createKindRegistry } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { Attributes } from "./admission.ts";
import { podResizeValidator } from "./pod-resize-validator.ts";

const kind = createKindRegistry(builtinKinds()).byResource("", "v1", "pods");

/** What is said of a pod of generation 1 on a node with 2 processors that now asks for more. */
async function resize(cpu: string, options: { os?: string; generation?: number } = {}): Promise<unknown> {
  const { os = "linux", generation = 2 } = options;
  if (kind === undefined) throw new Error("there are no pods");
  const labels = { "kubernetes.io/os": os };
  const node = { metadata: { name: "n", labels }, status: { allocatable: { cpu: "2", memory: "1Gi" } } };
  const plugin = podResizeValidator({ get: async () => node as unknown as KubeObject, list: async () => [] });
  const pod = (version: number, wanted: string) => ({
    metadata: { name: "p", generation: version },
    spec: {
      nodeName: "n",
      overhead: { cpu: "100m" },
      containers: [{ name: "c", image: "i", resources: { requests: { cpu: wanted } } }],
    },
  });
  const attributes: Attributes = {
    operation: "UPDATE",
    kind,
    subresource: "resize",
    namespace: "default",
    name: "p",
    object: pod(generation, cpu) as unknown as KubeObject,
    old: pod(1, "1") as unknown as KubeObject,
    user: { name: "u", groups: [] },
    dryRun: false,
    warn() {},
  };
  expect(plugin.handles(attributes)).toBe(true);
  try {
    await plugin.validate?.(attributes);
  } catch (error) {
    return error;
  }
  return undefined;
}

test("a pod is not resized above what its node has", async () => {
  expect(await resize("1900m")).toBeUndefined();
  expect(await resize("2")).toMatchObject({
    message:
      'pods "p" is forbidden: Node didn\'t have enough allocatable resources: cpu, requested: 2100, allocatable: 2000',
    status: { code: 403, details: { causes: [{ reason: "NodeCapacity" }] } },
  });
  expect(await resize("2", { generation: 1 })).toBeUndefined();
});

test("pods are resized on Linux alone", async () => {
  expect(await resize("1", { os: "windows" })).toMatchObject({
    message: 'pods "p" is forbidden: pod resize is only supported on linux nodes, node "n" is "windows"',
    status: { details: { causes: [{ reason: "UnsupportedPlatform" }] } },
  });
});
