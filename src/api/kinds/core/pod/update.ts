import type { FieldError } from "../../../meta/index.ts";
import { deepEqual, fieldError, isInRange, root, semanticEqual } from "../../../meta/index.ts";
import type { Container, Pod, PodSpec, Toleration } from "../../../types/index.ts";
import { checkWith } from "../../field-checks.ts";
import { goValue } from "../../go-value.ts";
import { jsonDiff } from "../../text-diff.ts";

const specPath = root("spec");
const specDefinition = "io.k8s.api.core.v1.PodSpec";
const int32Max = 2147483647;

const frozenDetail =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
  "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

/** A pod is what it was created as, save for few fields. */
export function checkPodSpecUpdate(pod: Pod, old: Pod): FieldError[] {
  const out: FieldError[] = [];
  checkImagesUpdate(pod, old, "containers", out);
  checkImagesUpdate(pod, old, "initContainers", out);
  if (!sameLength(pod, old, "containers") || !sameLength(pod, old, "initContainers")) return out;
  checkDeadlineUpdate(pod, old, out);
  checkGatesUpdate(pod, old, out);
  checkTolerationsUpdate(pod, old, out);
  const same = withChangeable(old.spec, pod.spec, !isScheduled(old));
  if (!semanticEqual(same, pod.spec)) {
    const difference = jsonDiff(goValue(same, specDefinition), goValue(pod.spec, specDefinition));
    out.push(fieldError.forbidden(specPath, frozenDetail + difference));
  }
  return out;
}

function isScheduled(pod: Pod): boolean {
  return (pod.spec.schedulingGates ?? []).length === 0;
}

/** The old spec with the fields of the new one that may change. */
function withChangeable(old: PodSpec, next: PodSpec, gated: boolean): PodSpec {
  const spec: PodSpec = {
    ...old,
    containers: withImages(old.containers, next.containers) ?? [],
    activeDeadlineSeconds: next.activeDeadlineSeconds,
    tolerations: next.tolerations,
    schedulingGates: next.schedulingGates,
  };
  if (old.initContainers) spec.initContainers = withImages(old.initContainers, next.initContainers);
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1) {
    spec.terminationGracePeriodSeconds = 1;
  }
  if (gated) {
    // A pod that waits at a gate may be steered to fewer nodes.
    spec.nodeSelector = next.nodeSelector;
    spec.affinity = next.affinity;
  }
  return spec;
}

function withImages(old: Container[] | undefined, next: Container[] | undefined): Container[] | undefined {
  return old?.map((container, i) => ({ ...container, image: next?.[i]?.image }));
}

function checkImagesUpdate(pod: Pod, old: Pod, field: "containers" | "initContainers", out: FieldError[]): void {
  const path = specPath.child(field);
  if (!sameLength(pod, old, field)) {
    out.push(fieldError.forbidden(path, "pod updates may not add or remove containers"));
    return;
  }
  for (const [i, { image }] of (pod.spec[field] ?? []).entries()) {
    if (!image) out.push(fieldError.required(path.index(i).child("image"), ""));
  }
}

function sameLength(pod: Pod, old: Pod, field: "containers" | "initContainers"): boolean {
  return (pod.spec[field] ?? []).length === (old.spec[field] ?? []).length;
}

function checkDeadlineUpdate(pod: Pod, old: Pod, out: FieldError[]): void {
  const before = old.spec.activeDeadlineSeconds;
  const after = pod.spec.activeDeadlineSeconds;
  if (before === after) return;
  const path = specPath.child("activeDeadlineSeconds");
  if (after === undefined) {
    out.push(fieldError.invalid(path, null, "must not update from a positive integer to nil value"));
    return;
  }
  const messages = isInRange(after, 0, int32Max);
  if (messages.length > 0) checkWith(messages, after, path, out);
  else if (before !== undefined && before < after) {
    const detail = "must be less than or equal to previous value";
    out.push(fieldError.invalid(path, after, detail));
  }
}

/** Gates only open. */
function checkGatesUpdate(pod: Pod, old: Pod, out: FieldError[]): void {
  const before = new Set((old.spec.schedulingGates ?? []).map(({ name }) => name));
  for (const { name } of pod.spec.schedulingGates ?? []) {
    if (before.has(name)) continue;
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
    out.push(fieldError.forbidden(specPath.child("schedulingGates"), detail));
  }
}

/** Tolerations are only added; how long one is tolerated may change. */
function checkTolerationsUpdate(pod: Pod, old: Pod, out: FieldError[]): void {
  const after = pod.spec.tolerations ?? [];
  for (const toleration of old.spec.tolerations ?? []) {
    if (after.some((other) => sameToleration(toleration, other))) continue;
    const detail = "existing toleration can not be modified except its tolerationSeconds";
    out.push(fieldError.forbidden(specPath.child("tolerations"), detail));
    return;
  }
}

function sameToleration(a: Toleration, b: Toleration): boolean {
  return deepEqual({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
}

/** Debug containers are added and never changed. */
export function checkEphemeralUpdate(pod: Pod, old: Pod): FieldError[] {
  const path = specPath.child("ephemeralContainers");
  const after = new Map((pod.spec.ephemeralContainers ?? []).map((container) => [container.name, container]));
  const out: FieldError[] = [];
  for (const container of old.spec.ephemeralContainers ?? []) {
    const same = after.get(container.name);
    if (!same) {
      out.push(fieldError.forbidden(path, `existing ephemeral containers "${container.name}" may not be removed\n`));
    } else if (!semanticEqual(same, container)) {
      out.push(fieldError.forbidden(path, `existing ephemeral containers "${container.name}" may not be changed\n`));
    }
  }
  return out;
}
