import type { AdmissionPlugin } from "./admission.ts";
import { isPod, type PodSpec, specOf } from "./pod.ts";

/** A pod that asks for a special resource tolerates the taint that keeps others off the nodes that have it. */
export function extendedResourceToleration(): AdmissionPlugin {
  return {
    name: "ExtendedResourceToleration",
    handles: (attributes) => isPod(attributes, "CREATE", "UPDATE"),
    admit(attributes) {
      const spec = specOf(attributes);
      for (const key of [...extendedResources(spec)].sort()) {
        const toleration = { key, operator: "Exists", effect: "NoSchedule" };
        const present = spec.tolerations ?? [];
        const isThere = present.some(
          (other) => other.key === key && other.operator === "Exists" && other.effect === "NoSchedule",
        );
        if (!isThere) spec.tolerations = [...present, toleration];
      }
    },
  };
}

function extendedResources(spec: PodSpec): Set<string> {
  const names = new Set<string>();
  for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const name of Object.keys(resources?.requests ?? {})) {
      if (name.includes("/") && !name.includes("kubernetes.io/") && !name.startsWith("requests.")) names.add(name);
    }
  }
  return names;
}
