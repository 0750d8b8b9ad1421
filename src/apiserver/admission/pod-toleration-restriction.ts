import { errors, type KubeObject, semanticEqual } from "../../api/meta/index.ts";
import { isBestEffort } from "../../api/quota/index.ts";
import type { Pod } from "../../api/types/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { isPod, specOf, type Toleration } from "./pod.ts";
import { refuse } from "./refusal.ts";

const defaultsAnnotation = "scheduler.alpha.kubernetes.io/defaultTolerations";
const allowedAnnotation = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";

interface Configuration {
  readonly default?: Toleration[];
  readonly whitelist?: Toleration[];
}

/** Pods get the tolerations of their namespace, and may have none that it does not allow. */
export function podTolerationRestriction(lookup: Lookup, configuration: unknown): AdmissionPlugin {
  const cluster = (configuration ?? {}) as Configuration;
  const namespaceOf = async ({ namespace }: Attributes): Promise<KubeObject> => {
    const found = await lookup.get("", "namespaces", "", namespace);
    if (found === undefined) throw errors.notFound({ group: "", resource: "namespaces" }, namespace);
    return found;
  };
  return {
    name: "PodTolerationRestriction",
    handles: (attributes) => isPod(attributes, "CREATE", "UPDATE"),
    async admit(attributes) {
      const spec = specOf(attributes);
      const extra: Toleration[] = [];
      if (attributes.operation === "CREATE") {
        const namespace = await namespaceOf(attributes);
        extra.push(...(tolerationsOf(attributes, namespace, defaultsAnnotation) ?? cluster.default ?? []));
      }
      if (!isBestEffort(attributes.object as Pod))
        extra.push({ key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" });
      if (extra.length > 0) spec.tolerations = merged(spec.tolerations ?? [], extra);
    },
    async validate(attributes) {
      const { tolerations = [] } = specOf(attributes);
      if (tolerations.length === 0) return;
      const namespace = await namespaceOf(attributes);
      const allowed = tolerationsOf(attributes, namespace, allowedAnnotation) ?? cluster.whitelist ?? [];
      if (allowed.length === 0) return;
      if (tolerations.every((one) => allowed.some((other) => covers(other, one)))) return;
      throw refuse(
        attributes,
        "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist",
      );
    },
  };
}

function tolerationsOf(attributes: Attributes, namespace: KubeObject, name: string): Toleration[] | undefined {
  const text = namespace.metadata.annotations?.[name];
  if (!text) return undefined;
  try {
    return JSON.parse(text) as Toleration[];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refuse(attributes, `annotation ${name} of namespace ${attributes.namespace}: ${why}`);
  }
}

/** Without those that another one covers. */
function merged(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second.map((one) => ({ ...one }))];
  return all.filter(
    (one, i) => !all.some((other, j) => j !== i && covers(other, one) && (!covers(one, other) || j < i)),
  );
}

/** Whether all that `one` tolerates is tolerated by `wide`. */
function covers(wide: Toleration, one: Toleration): boolean {
  if (semanticEqual(wide, one)) return true;
  if (wide.key !== one.key && (wide.key || wide.operator !== "Exists")) return false;
  if (wide.effect && wide.effect !== one.effect) return false;
  if (wide.effect === "NoExecute" && wide.tolerationSeconds !== undefined) {
    if (one.tolerationSeconds === undefined || one.tolerationSeconds > wide.tolerationSeconds) return false;
  }
  if (wide.operator === "Exists") return true;
  return (one.operator || "Equal") === "Equal" && (one.value ?? "") === (wide.value ?? "");
}
