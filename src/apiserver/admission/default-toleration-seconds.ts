import type { AdmissionPlugin } from "./admission.ts";
import { isPod, specOf, type Toleration } from "./pod.ts";

const tolerationSeconds = 300;
const taintKeys: readonly string[] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** A pod stays five minutes on a node that is not ready or cannot be reached, unless it says otherwise. */
export function defaultTolerationSeconds(): AdmissionPlugin {
  return {
    name: "DefaultTolerationSeconds",
    handles: (attributes) => isPod(attributes, "CREATE", "UPDATE"),
    admit(attributes) {
      const spec = specOf(attributes);
      const present = spec.tolerations ?? [];
      const missing = taintKeys.filter((key) => !present.some((toleration) => speaksOf(toleration, key)));
      if (missing.length === 0) return;
      const added = missing.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds }));
      spec.tolerations = [...present, ...added];
    },
  };
}

function speaksOf({ key, effect }: Toleration, taintKey: string): boolean {
  return (!key || key === taintKey) && (!effect || effect === "NoExecute");
}
