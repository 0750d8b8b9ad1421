import type { KubeObject } from "../../api/meta/index.ts";
import { type AdmissionPlugin, type Attributes, isAbout } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { isPod, type Pod, specOf } from "./pod.ts";
import { refuse } from "./refusal.ts";

type PriorityClass = KubeObject & { value?: number; globalDefault?: boolean; preemptionPolicy?: string };

const group = "scheduling.k8s.io";
const preemptLower = "PreemptLowerPriority";

/** A pod's priority is what its class says, or the default class, or zero. */
export function priority(lookup: Lookup): AdmissionPlugin {
  return {
    name: "Priority",
    handles: (attributes) =>
      isPod(attributes, "CREATE", "UPDATE") ||
      (isAbout(attributes, group, "priorityclasses") && attributes.operation !== "DELETE"),
    async admit(attributes) {
      if (attributes.kind.resource !== "pods") return;
      if (attributes.operation === "UPDATE") keepPriority(attributes);
      else await setPriority(lookup, attributes);
    },
    async validate(attributes) {
      if (attributes.kind.resource !== "priorityclasses") return;
      const wanted: PriorityClass | undefined = attributes.object;
      if (wanted?.globalDefault !== true) return;
      const other = await defaultClass(lookup);
      if (other !== undefined && other.metadata.name !== wanted.metadata.name) {
        const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
        throw refuse(attributes, why);
      }
    },
  };
}

function keepPriority(attributes: Attributes): void {
  const spec = specOf(attributes);
  const old: Pod | undefined = attributes.old;
  spec.priority ??= old?.spec?.priority;
  spec.preemptionPolicy ??= old?.spec?.preemptionPolicy;
}

async function setPriority(lookup: Lookup, attributes: Attributes): Promise<void> {
  const spec = specOf(attributes);
  const found = spec.priorityClassName
    ? await namedClass(lookup, attributes, spec.priorityClassName)
    : await defaultClass(lookup);
  if (found !== undefined) spec.priorityClassName = found.metadata.name;
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? preemptLower;
  if (spec.priority !== undefined && spec.priority !== value) {
    throw refuse(
      attributes,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw refuse(
      attributes,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

async function namedClass(lookup: Lookup, attributes: Attributes, name: string): Promise<PriorityClass> {
  const found = await lookup.get(group, "priorityclasses", "", name);
  if (found === undefined) throw refuse(attributes, `no PriorityClass with name ${name} was found`);
  return found;
}

/** Of several (which only a race can make) the one with the lowest value. */
async function defaultClass(lookup: Lookup): Promise<PriorityClass | undefined> {
  let lowest: PriorityClass | undefined;
  for (const candidate of (await lookup.list(group, "priorityclasses", "")) as Iterable<PriorityClass>) {
    if (candidate.globalDefault !== true) continue;
    if (lowest === undefined || (candidate.value ?? 0) < (lowest.value ?? 0)) lowest = candidate;
  }
  return lowest;
}
