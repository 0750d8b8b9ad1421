import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDomainPrefixedPath, labelSelectorAsSelector, matches } from "../../meta/index.ts";
import type { JobSpec, JobTemplateSpec } from "../../types/index.ts";
import { checkNonNegative, checkSupported, checkWith } from "../field-checks.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { checkPodTemplate } from "../podspec/spec.ts";
import { checkPodFailurePolicy } from "./pod-failure-policy.ts";
import { checkSuccessPolicy } from "./success-policy.ts";

const managedByLengthMax = 63;
const indexedMax = 100_000;
const perIndexParallelismMax = 10_000;
const perIndexFailedMax = 10_000;

const countFields = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

/** The rules of a job with its selector. */
export function checkJobSpec(spec: JobSpec, path: FieldPath, out: FieldError[]): void {
  checkSharedSpec(spec, path, out);
  if (spec.selector === undefined) out.push(fieldError.required(path.child("selector"), ""));
  else checkLabelSelector(spec.selector, path.child("selector"), out);
  const labels = spec.template.metadata?.labels;
  if (!selects(spec, labels)) {
    const at = path.child("template", "metadata", "labels");
    out.push(fieldError.invalid(at, labels ?? null, "`selector` does not match template `labels`"));
  }
}

/** A selector that is not valid is complained about elsewhere. */
function selects(spec: JobSpec, labels: Record<string, string> | undefined): boolean {
  try {
    return matches(labelSelectorAsSelector(spec.selector), labels);
  } catch {
    return true;
  }
}

/** A cron job's jobs get their selector when they are made. */
export function checkJobTemplate(template: JobTemplateSpec, path: FieldPath, out: FieldError[]): void {
  const { spec } = template;
  checkSharedSpec(spec, path.child("spec"), out);
  if (spec.selector !== undefined) {
    const at = path.child("spec", "selector");
    out.push(fieldError.invalid(at, spec.selector, "`selector` will be auto-generated"));
  }
  if (spec.manualSelector) {
    out.push(fieldError.notSupported(path.child("spec", "manualSelector"), true, ["nil", "false"]));
  }
}

function checkSharedSpec(spec: JobSpec, path: FieldPath, out: FieldError[]): void {
  for (const field of countFields) checkNonNegative(spec[field], path.child(field), out);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    out.push(fieldError.required(path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
  }
  checkManagedBy(spec.managedBy, path.child("managedBy"), out);
  checkCompletionMode(spec, path, out);
  if (spec.podFailurePolicy) checkPodFailurePolicy(spec, spec.podFailurePolicy, path.child("podFailurePolicy"), out);
  if (spec.successPolicy) checkSuccessPolicy(spec, spec.successPolicy, path.child("successPolicy"), out);
  checkReplacementPolicy(spec, path.child("podReplacementPolicy"), out);
  checkPodTemplate(spec.template, path.child("template"), out);
  checkRestartPolicy(spec, path.child("template", "spec", "restartPolicy"), out);
}

function checkManagedBy(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (name === undefined) return;
  checkWith(isDomainPrefixedPath(name), name, path, out);
  if (name.length > managedByLengthMax) out.push(fieldError.tooLong(path, name, managedByLengthMax));
}

function checkCompletionMode(spec: JobSpec, path: FieldPath, out: FieldError[]): void {
  const mode = spec.completionMode;
  if (mode !== undefined) checkSupported(mode, ["NonIndexed", "Indexed"], path.child("completionMode"), out);
  if (mode === "Indexed") checkIndexed(spec, path, out);
  if (mode !== undefined && mode !== "NonIndexed") return;
  for (const field of ["backoffLimitPerIndex", "maxFailedIndexes"] as const) {
    const value = spec[field];
    if (value !== undefined) out.push(fieldError.invalid(path.child(field), value, "requires indexed completion mode"));
  }
}

function checkIndexed(spec: JobSpec, path: FieldPath, out: FieldError[]): void {
  const { completions, parallelism, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (completions === undefined) {
    out.push(fieldError.required(path.child("completions"), "when completion mode is Indexed"));
  }
  if (parallelism !== undefined && parallelism > indexedMax) {
    const detail = `must be less than or equal to ${indexedMax} when completion mode is Indexed`;
    out.push(fieldError.invalid(path.child("parallelism"), parallelism, detail));
  }
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    const detail = "must be less than or equal to completions";
    out.push(fieldError.invalid(path.child("maxFailedIndexes"), maxFailedIndexes, detail));
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > indexedMax) {
    const detail = `must be less than or equal to ${indexedMax}`;
    out.push(fieldError.invalid(path.child("maxFailedIndexes"), maxFailedIndexes, detail));
  }
  if (completions !== undefined && completions > indexedMax && backoffLimitPerIndex !== undefined) {
    checkManyIndexes(spec, path, out);
  }
}

function checkManyIndexes({ maxFailedIndexes, parallelism }: JobSpec, path: FieldPath, out: FieldError[]): void {
  const when = `when completions are above ${indexedMax} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined) {
    out.push(fieldError.required(path.child("maxFailedIndexes"), `must be specified ${when}`));
  }
  if (parallelism !== undefined && parallelism > perIndexParallelismMax) {
    const detail = `must be less than or equal to ${perIndexParallelismMax} ${when}`;
    out.push(fieldError.invalid(path.child("parallelism"), parallelism, detail));
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > perIndexFailedMax) {
    const detail = `must be less than or equal to ${perIndexFailedMax} ${when}`;
    out.push(fieldError.invalid(path.child("maxFailedIndexes"), maxFailedIndexes, detail));
  }
}

function checkReplacementPolicy(spec: JobSpec, path: FieldPath, out: FieldError[]): void {
  if (spec.podReplacementPolicy === undefined) return;
  const supported = spec.podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
  checkSupported(spec.podReplacementPolicy, supported, path, out);
}

/** `Always` is what a pod gets that names none. */
function checkRestartPolicy(spec: JobSpec, path: FieldPath, out: FieldError[]): void {
  const policy = spec.template.spec?.restartPolicy ?? "";
  if (policy === "Always") out.push(fieldError.required(path, 'valid values: "OnFailure", "Never"'));
  else if (policy !== "OnFailure" && policy !== "Never") {
    out.push(fieldError.notSupported(path, policy, ["OnFailure", "Never"]));
  } else if (spec.podFailurePolicy && policy !== "Never") {
    const detail = 'only "Never" is supported when podFailurePolicy is specified';
    out.push(fieldError.invalid(path, policy, detail));
  }
}
