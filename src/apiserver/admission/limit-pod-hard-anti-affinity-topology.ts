import type { Pod } from "../../api/types/index.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isPod } from "./pod.ts";
import { refuse } from "./refusal.ts";

const hostname = "kubernetes.io/hostname";

/** A pod may keep others off its node, not off a whole zone. */
export function limitPodHardAntiAffinityTopology(): AdmissionPlugin {
  return {
    name: "LimitPodHardAntiAffinityTopology",
    handles: (attributes) => isPod(attributes, "CREATE", "UPDATE"),
    validate(attributes) {
      const { affinity } = (attributes.object as Pod).spec ?? {};
      const terms = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
      const term = terms.find(({ topologyKey }) => topologyKey !== hostname);
      if (term === undefined) return;
      throw refuse(
        attributes,
        `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${term.topologyKey} but only key ${hostname} is allowed`,
      );
    },
  };
}
