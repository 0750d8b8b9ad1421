import { type AdmissionPlugin, isAbout } from "./admission.ts";
import { specOf } from "./pod.ts";

interface Pulled {
  image?: string;
  imagePullPolicy?: string;
}

/** Images are always pulled, so that nobody runs one that he may not pull because it happens to be on the node. */
export function alwaysPullImages(): AdmissionPlugin {
  return {
    name: "AlwaysPullImages",
    handles: (attributes) =>
      (attributes.operation === "CREATE" || attributes.operation === "UPDATE") &&
      (isAbout(attributes, "", "pods") || isAbout(attributes, "", "pods", "ephemeralcontainers")),
    admit(attributes) {
      const spec = specOf(attributes) as {
        initContainers?: Pulled[];
        containers?: Pulled[];
        ephemeralContainers?: Pulled[];
        volumes?: { image?: { reference?: string; pullPolicy?: string } }[];
      };
      for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers]) {
        for (const container of list ?? []) container.imagePullPolicy = "Always";
      }
      for (const { image } of spec.volumes ?? []) if (image !== undefined) image.pullPolicy = "Always";
    },
  };
}
