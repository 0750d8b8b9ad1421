import type { Job, JobSpec } from "../../types/index.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";

const int32Max = 2147483647;
const backoffLimitDefault = 6;

export function defaultJob(job: Job): void {
  const { spec } = job;
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? backoffLimitDefault : int32Max;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  labelLikeTemplate(job);
  defaultPodTemplate(spec.template);
  defaultFailurePolicy(spec);
}

export function defaultFailurePolicy(spec: JobSpec): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
}

/** A job without labels has those of its pods: one and the same map, as in the original (see generateSelector). */
export function labelLikeTemplate(job: Job): void {
  const labels = job.spec.template.metadata?.labels;
  if (labels === undefined || Object.keys(labels).length === 0) return;
  if (Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = labels;
}
