import type { KubeObject } from "../../api/meta/index.ts";
import { type AdmissionPlugin, isAbout } from "./admission.ts";
import type { Lookup } from "./lookup.ts";

const copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/** A pod carries the zone and region of its node, so that its containers can learn them. */
export function podTopologyLabels(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PodTopologyLabels",
    handles: (attributes) =>
      attributes.operation === "CREATE" &&
      (isAbout(attributes, "", "pods") ||
        isAbout(attributes, "", "pods", "binding") ||
        isAbout(attributes, "", "bindings")),
    async admit({ object }) {
      const node = object && nodeOf(object);
      if (!object || !node) return;
      const labels = (await lookup.get("", "nodes", "", node))?.metadata.labels ?? {};
      const missing = copied.filter((name) => labels[name] !== undefined && !(name in (object.metadata.labels ?? {})));
      if (missing.length === 0) return;
      const more = Object.fromEntries(missing.map((name) => [name, labels[name] ?? ""]));
      object.metadata.labels = { ...object.metadata.labels, ...more };
    },
  };
}

function nodeOf(
  object: KubeObject & { spec?: { nodeName?: string }; target?: { kind?: string; name?: string } },
): string | undefined {
  if (object.target !== undefined) return object.target.kind === "Node" ? object.target.name : undefined;
  return object.spec?.nodeName;
}
