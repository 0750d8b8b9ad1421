import { expect, test } from "vitest";
import { builtinKinds, createKindRegistry } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { Attributes } from "./admission.ts";
import { limitRanger } from "./limit-ranger.ts";

const kind = createKindRegistry(builtinKinds()).byResource("", "v1", "pods");

/** What is said of a pod whose containers may ask for so much processor time together. */
async function problem(cpuMax: string, spec: object): Promise<string | undefined> {
  if (kind === undefined) throw new Error("there are no pods");
  const range = { metadata: { name: "l" }, spec: { limits: [{ type: "Pod", max: { cpu: cpuMax } }] } };
  const plugin = limitRanger({ get: async () => undefined, list: async () => [range as unknown as KubeObject] });
  const attributes: Attributes = {
    operation: "CREATE",
    kind,
    subresource: "",
    namespace: "default",
    name: "p",
    object: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec } as KubeObject,
    user: { name: "u", groups: [] },
    dryRun: false,
    warn() {},
  };
  try {
    await plugin.validate?.(attributes);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

const takes = (cpu: string, more: object = {}) => ({
  name: "c",
  image: "i",
  resources: { requests: { cpu }, limits: { cpu } },
  ...more,
});

test("a pod asks for what an init container takes together with the sidecars before it", async () => {
  const spec = {
    initContainers: [takes("1", { restartPolicy: "Always" }), takes("2")],
    containers: [takes("500m")],
  };
  expect(await problem("3", spec)).toBeUndefined();
  expect(await problem("2500m", spec)).toBe(
    'pods "p" is forbidden: maximum cpu usage per Pod is 2500m, but limit is 3',
  );
});

test("a pod's overhead does not count", async () => {
  expect(await problem("1", { containers: [takes("1")], overhead: { cpu: "1" } })).toBeUndefined();
});
