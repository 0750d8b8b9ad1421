import { compareQuantity, parseQuantity, quantitySign } from "../../meta/index.ts";
import type { PodSpec, ResourceRequirements } from "../../types/index.ts";

export type QOSClass = "Guaranteed" | "Burstable" | "BestEffort";

const qosResources = ["cpu", "memory"] as const;

/** Guaranteed when cpu and memory limits are set everywhere and equal the requests, BestEffort when nothing is set. */
export function qosClassOf(spec: PodSpec): QOSClass {
  if (spec.resources && (hasAny(spec.resources.requests) || hasAny(spec.resources.limits))) {
    return isGuaranteed([spec.resources]) ? "Guaranteed" : "Burstable";
  }
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(
    (container) => container.resources ?? {},
  );
  const some = all.some((resources) => hasAny(resources.requests) || hasAny(resources.limits));
  if (!some) return "BestEffort";
  return isGuaranteed(all) ? "Guaranteed" : "Burstable";
}

function hasAny(resources: Readonly<Record<string, string>> | undefined): boolean {
  return qosResources.some((name) => amount(resources, name) !== undefined);
}

function isGuaranteed(all: readonly ResourceRequirements[]): boolean {
  return all.every((resources) =>
    qosResources.every((name) => {
      const limit = amount(resources.limits, name);
      if (limit === undefined) return false;
      const request = amount(resources.requests, name);
      return request === undefined || compareQuantity(request, limit) === 0;
    }),
  );
}

/** Zero counts as not set. */
function amount(resources: Readonly<Record<string, string>> | undefined, name: string) {
  const text = resources?.[name];
  if (text === undefined) return undefined;
  const quantity = parseQuantity(text);
  return quantitySign(quantity) > 0 ? quantity : undefined;
}
