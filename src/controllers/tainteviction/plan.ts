import { tolerates } from "../../api/placement/index.ts";
import type { Pod, Taint } from "../../api/types/index.ts";

/** How long a pod may stay on a node with these taints: for ever, not at all, or a number of milliseconds. */
export type Stay = { readonly kind: "forever" } | { readonly kind: "forMs"; readonly ms: number };

/** The shortest of the tolerations that are needed counts. */
export function allowedStay(pod: Pod, taints: readonly Taint[]): Stay {
  const noExecute = taints.filter(({ effect }) => effect === "NoExecute");
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of noExecute) {
    const toleration = pod.spec.tolerations?.find((candidate) => tolerates(candidate, taint));
    if (toleration === undefined) return { kind: "forMs", ms: 0 };
    if (toleration.tolerationSeconds !== undefined) {
      shortest = Math.min(shortest, Math.max(0, toleration.tolerationSeconds) * 1000);
    }
  }
  return shortest === Number.POSITIVE_INFINITY ? { kind: "forever" } : { kind: "forMs", ms: shortest };
}
