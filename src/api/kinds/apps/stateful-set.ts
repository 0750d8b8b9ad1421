import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, labelSelectorAsSelector, root, selectorString, semanticEqual } from "../../meta/index.ts";
import type { StatefulSet, StatefulSetSpec } from "../../types/index.ts";
import { checkNonNegative, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkAtMost100Percent, checkNonNegativeIntOrPercent, intOrPercentNumber } from "../int-or-percent.ts";
import { checkLabelSelector, isEmptyLabelSelector, shownSelector } from "../label-selector.ts";
import { checkClaimSpec } from "../podspec/claim-spec.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";
import { checkPodTemplate } from "../podspec/spec.ts";
import { defaultClaimSpec } from "../podspec/volume-defaults.ts";
import { podWarnings } from "../podspec/warnings.ts";
import { ageColumn, ageOf, containerCells, containersColumns, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkAlwaysRestarts, checkTemplateLabels, isReadable } from "./selector.ts";
import { checkStatefulSetStatus } from "./stateful-set-status.ts";

const historyDefault = 10;

export const statefulSetStrategy: KindStrategy = {
  applyDefaults: defaultStatefulSet,
  validate: (set: StatefulSet) => [...checkStatefulSet(set), ...checkClaimTemplates(set)],
  validateUpdate: (set: StatefulSet, old: StatefulSet) => [...checkStatefulSet(set), ...checkUpdate(set, old)],
  updates: {
    status: { prepareForUpdate() {}, validateUpdate: (set: StatefulSet) => checkStatefulSetStatus(set.status) },
  },
  warnings: (set: StatefulSet, old?: StatefulSet) =>
    podWarnings(
      set.spec.template?.spec ?? { containers: [] },
      root("spec", "template", "spec"),
      old?.spec.template?.spec,
    ),
  scale: {
    replicas: (set: StatefulSet) => set.spec.replicas ?? 0,
    statusReplicas: (set: StatefulSet) => set.status?.replicas ?? 0,
    selector: (set: StatefulSet) => selectorString(labelSelectorAsSelector(set.spec.selector)),
    withReplicas: (set: StatefulSet, replicas): StatefulSet => ({ ...set, spec: { ...set.spec, replicas } }),
  },
  table: {
    columns: [nameColumn, text("Ready"), ageColumn, ...containersColumns],
    cells: (set: StatefulSet, now) => [
      nameOf(set),
      `${set.status?.readyReplicas ?? 0}/${set.spec.replicas ?? 0}`,
      ageOf(set, now),
      ...containerCells(set.spec.template?.spec?.containers),
    ],
  },
};

function defaultStatefulSet(set: StatefulSet): void {
  const { spec } = set;
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  const update = spec.updateStrategy;
  if (!update.type) {
    update.type = "RollingUpdate";
    update.rollingUpdate ??= {};
  }
  if (update.type === "RollingUpdate" && update.rollingUpdate) update.rollingUpdate.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= historyDefault;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = "v1";
    claim.kind = "PersistentVolumeClaim";
    claim.status = { ...claim.status, phase: claim.status?.phase || "Pending" };
    defaultClaimSpec(claim.spec);
  }
  defaultPodTemplate(spec.template);
}

function checkStatefulSet(set: StatefulSet): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  const { spec } = set;
  const { podManagementPolicy: policy, selector } = spec;
  if (!policy) out.push(fieldError.required(path.child("podManagementPolicy"), ""));
  else if (policy !== "OrderedReady" && policy !== "Parallel") {
    const detail = "must be 'OrderedReady' or 'Parallel'";
    out.push(fieldError.invalid(path.child("podManagementPolicy"), policy, detail));
  }
  checkUpdateStrategy(spec, path.child("updateStrategy"), out);
  checkRetention(spec, path.child("persistentVolumeClaimRetentionPolicy"), out);
  checkNonNegative(spec.replicas, path.child("replicas"), out);
  checkNonNegative(spec.minReadySeconds, path.child("minReadySeconds"), out);
  checkNonNegative(spec.ordinals?.start, path.child("ordinals", "start"), out);
  checkNonNegative(spec.revisionHistoryLimit, path.child("revisionHistoryLimit"), out);
  if (!selector) out.push(fieldError.required(path.child("selector"), ""));
  else {
    checkLabelSelector(selector, path.child("selector"), out);
    if (isEmptyLabelSelector(selector)) {
      const detail = "empty selector is invalid for statefulset";
      out.push(fieldError.invalid(path.child("selector"), shownSelector(selector), detail));
    }
  }
  if (isReadable(selector)) checkTemplate(spec, path.child("template"), out);
  else out.push(fieldError.invalid(path.child("selector"), shownSelector(selector), ""));
  return out;
}

/** Claims are looked at once, as they never change. */
function checkClaimTemplates({ spec }: StatefulSet): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, claim] of (spec.volumeClaimTemplates ?? []).entries()) {
    checkClaimSpec(claim.spec ?? {}, root("spec", "volumeClaimTemplates").index(i).child("spec"), out);
  }
  return out;
}

/** Volumes of the claims are the pods' too, whatever the template says. */
function checkTemplate(spec: StatefulSetSpec, path: FieldPath, out: FieldError[]): void {
  const { template, selector } = spec;
  checkTemplateLabels(template, selector, path, out);
  const claims = (spec.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata?.name ?? "",
    persistentVolumeClaim: { claimName: claim.metadata?.name ?? "" },
  }));
  const names = new Set(claims.map(({ name }) => name));
  const others = (template.spec?.volumes ?? []).filter(({ name }) => !names.has(name));
  const containers = template.spec?.containers ?? [];
  const withClaims = { ...template, spec: { ...template.spec, containers, volumes: [...claims, ...others] } };
  checkPodTemplate(withClaims, path, out);
  checkAlwaysRestarts(template, path, out);
}

function checkUpdateStrategy({ updateStrategy }: StatefulSetSpec, path: FieldPath, out: FieldError[]): void {
  const rolling = updateStrategy?.rollingUpdate;
  switch (updateStrategy?.type ?? "") {
    case "":
      out.push(fieldError.required(path, ""));
      break;
    case "OnDelete":
      if (rolling) {
        const detail = "only allowed for updateStrategy 'RollingUpdate'";
        out.push(fieldError.invalid(path.child("rollingUpdate"), rolling, detail));
      }
      break;
    case "RollingUpdate":
      if (rolling) checkRolling(rolling, path.child("rollingUpdate"), out);
      break;
    default:
      out.push(fieldError.invalid(path, updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"));
  }
}

function checkRolling(
  rolling: NonNullable<NonNullable<StatefulSetSpec["updateStrategy"]>["rollingUpdate"]>,
  path: FieldPath,
  out: FieldError[],
): void {
  checkNonNegative(rolling.partition, path.child("partition"), out);
  const { maxUnavailable } = rolling;
  if (maxUnavailable === undefined) return;
  const at = path.child("maxUnavailable");
  checkNonNegativeIntOrPercent(maxUnavailable, at, out);
  if (intOrPercentNumber(maxUnavailable) === 0) out.push(fieldError.invalid(at, maxUnavailable, "cannot be 0"));
  checkAtMost100Percent(maxUnavailable, at, out);
}

const retentions = ["Retain", "Delete"];

function checkRetention(spec: StatefulSetSpec, path: FieldPath, out: FieldError[]): void {
  const policy = spec.persistentVolumeClaimRetentionPolicy;
  if (!policy) return;
  checkSupported(policy.whenDeleted, retentions, path.child("whenDeleted"), out);
  checkSupported(policy.whenScaled, retentions, path.child("whenScaled"), out);
}

const changeable = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;

function checkUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const fixed = (spec: StatefulSetSpec) =>
    Object.fromEntries(Object.entries(spec).filter(([name]) => !(changeable as readonly string[]).includes(name)));
  if (semanticEqual(fixed(set.spec), fixed(old.spec))) return [];
  const named = changeable.map((name) => `'${name}'`);
  const list = `${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
  return [
    fieldError.forbidden(root("spec"), `updates to statefulset spec for fields other than ${list} are forbidden`),
  ];
}
