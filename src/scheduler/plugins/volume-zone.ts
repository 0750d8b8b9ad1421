import { keyOf, keyString } from "../../api/meta/index.ts";
import type { FilterPlugin, Rejection } from "../framework.ts";

const topologyLabels = [
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
];
const rejection: Rejection = {
  plugin: "VolumeZone",
  reasons: ["node(s) had no available volume zone"],
  resolvable: false,
};

/** Volumes that say by labels where they are are used there; several zones are divided by two underscores. */
export const volumeZone: FilterPlugin = {
  name: "VolumeZone",
  wakesOn: {
    "claim/changed": (info, { object }) => info.claimKeys.includes(keyString(keyOf(object))),
    "volume/changed": true,
    "node/added": true,
    "node/labels": true,
  },
  prepareFilter: ({ claimKeys }, { reader }) => {
    const wanted: { readonly label: string; readonly values: readonly string[] }[] = [];
    for (const key of claimKeys) {
      const volumeName = reader.volumes.claim(key)?.spec.volumeName;
      const labels = volumeName ? reader.volumes.volume(volumeName)?.metadata.labels : undefined;
      for (const label of topologyLabels) {
        const value = labels?.[label];
        if (value !== undefined) wanted.push({ label, values: value.split("__") });
      }
    }
    if (wanted.length === 0) return undefined;
    return ({ labels }) => {
      if (!topologyLabels.some((label) => labels[label] !== undefined)) return undefined;
      const fits = wanted.every(({ label, values }) => values.includes(labels[current(label, labels)] ?? ""));
      return fits ? undefined : rejection;
    };
  },
};

/** An old label of a volume may stand on the node under its present name. */
function current(label: string, labels: Readonly<Record<string, string>>): string {
  if (labels[label] !== undefined || !label.startsWith("failure-domain.beta.")) return label;
  return label.replace("failure-domain.beta.", "topology.");
}
