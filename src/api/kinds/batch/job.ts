import type { FieldError } from "../../meta/index.ts";
import {
  fieldError,
  isDNS1123Label,
  isValidLabelValue,
  labelSelectorAsSelector,
  matches,
  root,
  semanticEqual,
} from "../../meta/index.ts";
import type { Job, JobSpec, JobStatus, PodTemplateSpec } from "../../types/index.ts";
import { checkImmutable, checkNonNegative, fieldIsImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { nameWarnings } from "../podspec/warnings.ts";
import { defaultJob, labelLikeTemplate } from "./job-defaults.ts";
import { checkJobSpec } from "./job-spec.ts";
import { jobTable } from "./job-table.ts";
import { jobWarnings } from "./job-warnings.ts";

const specPath = root("spec");
const statusPath = root("status");
const uidLabel = "batch.kubernetes.io/controller-uid";
const nameLabel = "batch.kubernetes.io/job-name";

export const jobStrategy: KindStrategy = {
  applyDefaults: defaultJob,
  prepareForCreate(job: Job) {
    if (!job.spec.manualSelector) generateSelector(job);
    // A name that is no label value is refused as a name, not as a label too.
    if (isValidLabelValue(job.metadata.name ?? "").length === 0) labelLikeTemplate(job);
  },
  validate: (job: Job) => checkJob(job),
  validateUpdate(job: Job, old: Job) {
    const out = checkJob(job);
    checkJobSpec(job.spec, specPath, out);
    checkSpecUpdate(job.spec, old, out);
    return out;
  },
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate: (job: Job, old: Job) => checkStatusUpdate(job, old),
    },
  },
  warnings: (job: Job, old?: Job) => [
    ...(old === undefined ? nameWarnings(job.metadata.name ?? "") : []),
    ...jobWarnings(job.spec, specPath, old?.spec),
  ],
  selectableFields: ["status.successful"],
  fieldValue: (job: Job, field) => (field === "status.successful" ? String(job.status?.succeeded ?? 0) : undefined),
  table: jobTable,
};

/** Pods are told apart by the uid of their job; the labels without a domain are those of old. */
function generateSelector(job: Job): void {
  const { uid = "", name = "" } = job.metadata;
  const { spec } = job;
  const metadata = { ...spec.template.metadata };
  const generated = { [uidLabel]: uid, [nameLabel]: name, "controller-uid": uid, "job-name": name };
  const labels = { ...generated, ...metadata.labels };
  // Labels that the job took over from its pods by default are the same map in the original: they get what is generated.
  if (metadata.labels !== undefined && job.metadata.labels === metadata.labels) job.metadata.labels = { ...labels };
  spec.template = { ...spec.template, metadata: { ...metadata, labels } };
  const matchLabels = { [uidLabel]: uid, ...spec.selector?.matchLabels };
  spec.selector = { ...spec.selector, matchLabels };
}

function checkJob(job: Job): FieldError[] {
  const out: FieldError[] = [];
  checkGenerated(job, out);
  checkJobSpec(job.spec, specPath, out);
  checkPodNames(job, out);
  return out;
}

/** What the user wrote into labels and selector may stand against what is generated. */
function checkGenerated(job: Job, out: FieldError[]): void {
  const { selector, manualSelector, template } = job.spec;
  if (manualSelector || selector === undefined) return;
  const { uid = "", name = "" } = job.metadata;
  if (uid === "") out.push(fieldError.required(root("metadata", "uid"), ""));
  const expected = { "controller-uid": uid, "job-name": name, [uidLabel]: uid, [nameLabel]: name };
  const labels = template.metadata?.labels ?? {};
  for (const [label, value] of Object.entries(expected)) {
    const path = specPath.child("template", "metadata", "labels").key(label);
    if (!Object.hasOwn(labels, label)) out.push(fieldError.required(path, `must be '${value}'`));
    else if (labels[label] !== value) out.push(fieldError.invalid(path, labels, `must be '${value}'`));
  }
  if (!selectsAll(job.spec, expected)) {
    out.push(fieldError.invalid(specPath.child("selector"), selector, "`selector` not auto-generated"));
  }
}

function selectsAll(spec: JobSpec, labels: Record<string, string>): boolean {
  try {
    return matches(labelSelectorAsSelector(spec.selector), labels);
  } catch {
    return true; // the selector itself is complained about
  }
}

/** An index and its dash must fit behind the name. */
function checkPodNames({ metadata, spec }: Job, out: FieldError[]): void {
  const { completionMode, completions = 0 } = spec;
  if (completionMode !== "Indexed" || completions <= 0) return;
  const longest = `${metadata.name ?? ""}-${completions - 1}`;
  if (isDNS1123Label(longest).length === 0) return;
  const detail = `will not able to create pod with invalid DNS label: ${longest}`;
  out.push(fieldError.invalid(root("metadata", "name"), metadata.name ?? "", detail));
}

function checkSpecUpdate(spec: JobSpec, old: Job, out: FieldError[]): void {
  checkCompletions(spec, old.spec, out);
  checkImmutable(spec.selector, old.spec.selector, specPath.child("selector"), out);
  checkTemplate(spec, old, out);
  checkImmutable(spec.completionMode, old.spec.completionMode, specPath.child("completionMode"), out);
  for (const [field, type] of [
    ["podFailurePolicy", "PodFailurePolicy"],
    ["backoffLimitPerIndex", ""],
    ["managedBy", ""],
    ["successPolicy", "SuccessPolicy"],
  ] as const) {
    const value = spec[field];
    const shown = type === "" ? value : goValue(value, `io.k8s.api.batch.v1.${type}`);
    checkImmutable(value, old.spec[field], specPath.child(field), out, shown);
  }
}

/** Indexed jobs grow and shrink: both counts together. */
function checkCompletions(spec: JobSpec, old: JobSpec, out: FieldError[]): void {
  const { completions, parallelism } = spec;
  if (completions === old.completions) return;
  const path = specPath.child("completions");
  if (spec.completionMode !== "Indexed" || completions === undefined) {
    out.push(fieldError.invalid(path, completions ?? null, fieldIsImmutable));
  } else if (completions !== parallelism) {
    out.push(fieldError.invalid(path, completions, "can only be modified in tandem with spec.parallelism"));
  }
}

/** Where the pods of a job run may change as long as none has been made. */
function checkTemplate(spec: JobSpec, old: Job, out: FieldError[]): void {
  const isWaiting = old.spec.suspend === true && old.status?.startTime === undefined;
  const before = isWaiting ? withSchedulingOf(spec.template, old.spec.template) : old.spec.template;
  if (semanticEqual(spec.template, before)) return;
  const shown = goValue(spec.template, "io.k8s.api.core.v1.PodTemplateSpec");
  out.push(fieldError.invalid(specPath.child("template"), shown, fieldIsImmutable));
}

function withSchedulingOf(next: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const { labels, annotations } = next.metadata ?? {};
  const { nodeSelector, affinity, tolerations, schedulingGates } = next.spec ?? {};
  return {
    ...old,
    metadata: { ...old.metadata, labels, annotations },
    spec: old.spec && { ...old.spec, nodeSelector, affinity, tolerations, schedulingGates },
  };
}

function checkStatusUpdate(job: Job, old: Job): FieldError[] {
  const out: FieldError[] = [];
  const status: JobStatus = job.status ?? {};
  for (const field of ["active", "succeeded", "failed"] as const) {
    checkNonNegative(status[field], statusPath.child(field), out);
  }
  checkNonNegative(status.ready, statusPath.child("ready"), out);
  checkNonNegative(status.terminating, statusPath.child("terminating"), out);
  const isFinished = hasCondition(status, "Complete") || hasCondition(status, "Failed");
  if (status.completionTime !== undefined && !hasCondition(status, "Complete")) {
    const detail = "cannot set completionTime when there is no Complete=True condition";
    out.push(fieldError.invalid(statusPath.child("completionTime"), status.completionTime, detail));
  }
  if (isFinished && (status.active ?? 0) > 0) {
    const detail = "active>0 is invalid for finished job";
    out.push(fieldError.invalid(statusPath.child("active"), status.active, detail));
  }
  for (const type of ["Complete", "Failed"]) {
    if (hasCondition(old.status ?? {}, type) && !hasCondition(status, type)) {
      const detail = `cannot disable the terminal ${type}=True condition`;
      out.push(fieldError.invalid(statusPath.child("conditions"), { type }, detail));
    }
  }
  return out;
}

function hasCondition(status: JobStatus, type: string): boolean {
  return (status.conditions ?? []).some((condition) => condition.type === type && condition.status === "True");
}
