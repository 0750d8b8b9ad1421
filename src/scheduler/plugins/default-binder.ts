import { type KubeObject, keyOf } from "../../api/meta/index.ts";
import { resources } from "../../client/index.ts";
import type { BindPlugin, PluginHandle } from "../framework.ts";

/** Binds through the pod's binding subresource. */
export function createDefaultBinder({ client }: Pick<PluginHandle, "client">): BindPlugin {
  return {
    name: "DefaultBinder",
    bind: async ({ pod }, node) => {
      const binding = {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
        target: { kind: "Node", name: node },
      };
      await client.resource(resources.pods).subresource<KubeObject>("binding").create(keyOf(pod), binding);
      return "bound";
    },
  };
}
