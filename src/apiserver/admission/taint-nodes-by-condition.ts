import type { KubeObject } from "../../api/meta/index.ts";
import { type AdmissionPlugin, isAbout } from "./admission.ts";

interface Taint {
  key: string;
  effect: string;
}

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** A new node takes no pods before it has been seen ready. */
export function taintNodesByCondition(): AdmissionPlugin {
  return {
    name: "TaintNodesByCondition",
    handles: (attributes) => isAbout(attributes, "", "nodes") && attributes.operation === "CREATE",
    admit(attributes) {
      const node = attributes.object as (KubeObject & { spec?: { taints?: Taint[] } }) | undefined;
      if (node === undefined) return;
      node.spec ??= {};
      const taints = node.spec.taints ?? [];
      if (taints.some((taint) => taint.key === notReady.key && taint.effect === notReady.effect)) return;
      node.spec.taints = [...taints, { ...notReady }];
    },
  };
}
