import type { Pod } from "../../api/types/index.ts";

/** An index of pods by the name of their node; pods without one are not in it. */
export const byNode = "node";

export function indexByNode(pod: Pod): string[] {
  return pod.spec.nodeName ? [pod.spec.nodeName] : [];
}
