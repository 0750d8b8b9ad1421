import type { FieldError } from "../../../meta/index.ts";
import { fieldError, root, semanticEqual } from "../../../meta/index.ts";
import type { Container, Pod, ResourceRequirements } from "../../../types/index.ts";
import { restoreField } from "../../generic.ts";
import type { SubresourceStrategy } from "../../kind.ts";
import { qosClassOf } from "../../podspec/qos.ts";
import { checkPodSpec } from "../../podspec/spec.ts";

/** Resources of containers in a pod that runs. */
export const podResize: SubresourceStrategy = {
  prepareForUpdate(pod: Pod, old: Pod) {
    const { containers, initContainers, resources } = pod.spec;
    pod.spec = { ...old.spec, containers: withResources(old.spec.containers, containers) };
    if (old.spec.initContainers) pod.spec.initContainers = withResources(old.spec.initContainers, initContainers);
    if (resources !== undefined) pod.spec.resources = resources;
    const { managedFields } = pod.metadata;
    pod.metadata = { ...old.metadata, ...(managedFields && { managedFields }) };
    restoreField(pod, old, "status");
  },
  validateUpdate(pod: Pod, old: Pod) {
    const out: FieldError[] = [];
    checkPodSpec(pod.spec, pod.metadata.name ?? "", root("spec"), out);
    const before = old.status?.qosClass ?? qosClassOf(old.spec);
    if (qosClassOf(pod.spec) !== before) {
      out.push(fieldError.invalid(root("spec"), before, "Pod QOS Class may not change as a result of resizing"));
    }
    checkResizable(pod, old, out);
    return out;
  },
};

function withResources(old: Container[], next: readonly Container[] | undefined): Container[] {
  const byName = new Map((next ?? []).map((container) => [container.name, container]));
  return old.map((container) => {
    const asked = byName.get(container.name);
    return asked?.resources === undefined ? container : { ...container, resources: asked.resources };
  });
}

const resizable: ReadonlySet<string> = new Set(["cpu", "memory"]);

function checkResizable(pod: Pod, old: Pod, out: FieldError[]): void {
  for (const [i, container] of pod.spec.containers.entries()) {
    const before = old.spec.containers[i]?.resources;
    if (semanticEqual(others(before), others(container.resources))) continue;
    const path = root("spec", "containers").index(i).child("resources");
    out.push(fieldError.forbidden(path, "only cpu and memory resources are mutable"));
  }
}

/** The resources that no resize may touch. */
function others(resources: ResourceRequirements | undefined) {
  const keep = (all: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(all ?? {}).filter(([name]) => !resizable.has(name)));
  return { limits: keep(resources?.limits), requests: keep(resources?.requests), claims: resources?.claims };
}
