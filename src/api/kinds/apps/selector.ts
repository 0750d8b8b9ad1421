import type { FieldError, FieldPath, LabelSelector } from "../../meta/index.ts";
import { fieldError, labelSelectorAsSelector, matches, selectorFromLabels } from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { PodTemplateSpec } from "../../types/index.ts";
import { checkLabelSelector, isEmptyLabelSelector, shownSelector } from "../label-selector.ts";
import { checkPodTemplate } from "../podspec/spec.ts";

/** A selector must be there, select something, and be well-formed. */
export function checkWorkloadSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
  out: FieldError[],
  kind: string,
): void {
  if (!selector) {
    out.push(fieldError.required(path, ""));
    return;
  }
  checkLabelSelector(selector, path, out);
  if (isEmptyLabelSelector(selector)) {
    out.push(fieldError.invalid(path, shownSelector(selector), `empty selector is invalid for ${kind}`));
  }
}

/** Whether a selector can be applied to labels at all. */
export function isReadable(selector: LabelSelector | undefined): boolean {
  try {
    labelSelectorAsSelector(selector);
    return true;
  } catch {
    return false;
  }
}

/** The pods of a template must be the workload's own; a selector that is missing selects none. */
export function checkTemplateLabels(
  template: PodTemplateSpec,
  selector: LabelSelector | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  // The plain labels of a replication controller select although nobody checks their form.
  const isPlain = selector != null && !selector.matchExpressions?.length;
  const parsed = isPlain ? selectorFromLabels(selector.matchLabels ?? {}) : labelSelectorAsSelector(selector);
  const labels = template.metadata?.labels;
  if (!matches(parsed, labels ?? {})) {
    const detail = "`selector` does not match template `labels`";
    const given = givenValue(template.metadata, "labels");
    out.push(fieldError.invalid(path.child("metadata", "labels"), given, detail));
  }
}

/** The template of a workload that keeps its pods running. */
export function checkReplicatedTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
  replicas: number,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!template) {
    out.push(fieldError.required(path, ""));
    return;
  }
  checkTemplateLabels(template, selector, path, out);
  checkPodTemplate(template, path, out);
  if (replicas > 1) checkSharedDisks(template, path.child("spec", "volumes"), out);
  checkAlwaysRestarts(template, path, out);
}

export function checkAlwaysRestarts(template: PodTemplateSpec, path: FieldPath, out: FieldError[]): void {
  const spec = template.spec;
  if (spec?.restartPolicy !== "Always") {
    out.push(fieldError.notSupported(path.child("spec", "restartPolicy"), spec?.restartPolicy ?? "", ["Always"]));
  }
  if (spec?.activeDeadlineSeconds !== undefined) {
    const at = path.child("spec", "activeDeadlineSeconds");
    out.push(fieldError.forbidden(at, "activeDeadlineSeconds in ReplicaSet is not Supported"));
  }
}

/** A disk that one machine may write cannot be given to several pods. */
function checkSharedDisks(template: PodTemplateSpec, path: FieldPath, out: FieldError[]): void {
  for (const [i, volume] of (template.spec?.volumes ?? []).entries()) {
    const disk = volume.gcePersistentDisk;
    if (!disk || disk.readOnly) continue;
    const detail =
      "must be true for replicated pods > 1; GCE PD can only be mounted on multiple machines if it is read-only";
    out.push(fieldError.invalid(path.index(i).child("gcePersistentDisk", "readOnly"), false, detail));
  }
}
