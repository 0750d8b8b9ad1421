import { ApiError, parseQuantity, type Quantity, toMilli, toNumber } from "../../api/meta/index.ts";
import { podTotals } from "../../api/pod-resources/index.ts";
import type { Node, Pod } from "../../api/types/index.ts";
import { type AdmissionPlugin, type Attributes, isAbout } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { refuse } from "./refusal.ts";

/** Refuses to resize a pod in place above what its node has, and on nodes that cannot do it. */
export function podResizeValidator(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PodResizeValidator",
    handles: (attributes) => attributes.operation === "UPDATE" && isAbout(attributes, "", "pods", "resize"),
    async validate(attributes) {
      const pod = attributes.object as Pod;
      const name = pod.spec?.nodeName;
      // The generation only rises when something else is asked for.
      if (!name || pod.metadata.generation === attributes.old?.metadata.generation) return;
      const node = (await lookup.get("", "nodes", "", name)) as Node | undefined;
      if (node === undefined) throw refuse(attributes, `node ${JSON.stringify(name)} not found`);
      const lacks = lackOf(pod, node);
      if (lacks !== "") {
        const why = `Node didn't have enough allocatable resources: ${lacks}`;
        throw withCause(attributes, why, "NodeCapacity");
      }
      const system = node.metadata.labels?.["kubernetes.io/os"] ?? "";
      if (system === "linux") return;
      const why = `pod resize is only supported on linux nodes, node ${JSON.stringify(name)} is ${JSON.stringify(system)}`;
      throw withCause(attributes, why, "UnsupportedPlatform");
    },
  };
}

/** In the units in which the original tells them. */
const amounts: Readonly<Record<"cpu" | "memory", (amount: Quantity) => number>> = { cpu: toMilli, memory: toNumber };

function lackOf(pod: Pod, { status }: Node): string {
  const wanted = podTotals(pod, "requests", "wanted");
  const zero = parseQuantity("0");
  return (["cpu", "memory"] as const)
    .flatMap((name) => {
      const requested = amounts[name](wanted.get(name) ?? zero);
      const allocatable = amounts[name](parseQuantity(status?.allocatable?.[name] ?? "0"));
      return requested > allocatable ? [`${name}, requested: ${requested}, allocatable: ${allocatable}`] : [];
    })
    .join("; ");
}

function withCause(attributes: Attributes, why: string, reason: string): ApiError {
  const { status } = refuse(attributes, why);
  return new ApiError({ ...status, details: { ...status.details, causes: [{ reason }] } });
}
