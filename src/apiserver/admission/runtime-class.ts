import { type KubeObject, semanticEqual } from "../../api/meta/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { isPod, type PodSpec, specOf, type Toleration } from "./pod.ts";
import { refuse } from "./refusal.ts";

type RuntimeClass = KubeObject & {
  overhead?: { podFixed?: Record<string, string> };
  scheduling?: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] };
};

/** A pod takes overhead, node selector and tolerations over from its runtime class. */
export function runtimeClass(lookup: Lookup): AdmissionPlugin {
  return {
    name: "RuntimeClass",
    handles: (attributes) => isPod(attributes, "CREATE"),
    async admit(attributes) {
      const spec = specOf(attributes);
      const name = spec.runtimeClassName;
      if (!name) {
        setOverhead(attributes, spec, undefined);
        return;
      }
      const found: RuntimeClass | undefined = await lookup.get("node.k8s.io", "runtimeclasses", "", name);
      if (found === undefined) throw refuse(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
      setOverhead(attributes, spec, found.overhead?.podFixed);
      mergeScheduling(attributes, spec, found.scheduling);
    },
  };
}

function setOverhead(attributes: Attributes, spec: PodSpec, overhead: Record<string, string> | undefined): void {
  const isSet = spec.overhead !== undefined && Object.keys(spec.overhead).length > 0;
  if (overhead === undefined) {
    if (isSet) {
      throw refuse(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
    return;
  }
  if (isSet && !semanticEqual(spec.overhead, overhead)) {
    throw refuse(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  spec.overhead = { ...overhead };
}

function mergeScheduling(attributes: Attributes, spec: PodSpec, scheduling: RuntimeClass["scheduling"]): void {
  const { nodeSelector, tolerations } = scheduling ?? {};
  for (const [key, value] of Object.entries(nodeSelector ?? {})) {
    const present = spec.nodeSelector?.[key];
    if (present !== undefined && present !== value) {
      throw refuse(
        attributes,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${present}`,
      );
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  const present = spec.tolerations ?? [];
  const missing = (tolerations ?? []).filter((one) => !present.some((other) => semanticEqual(one, other)));
  if (missing.length > 0) spec.tolerations = [...present, ...missing.map((one) => ({ ...one }))];
}
