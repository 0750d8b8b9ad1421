import type { FieldError, FieldPath, ObjectMeta } from "../../meta/index.ts";
import { errors, fieldError, root, semanticEqual } from "../../meta/index.ts";
import type { DaemonSet, DaemonSetSpec, RollingUpdateDaemonSet } from "../../types/index.ts";
import { checkImmutable, checkNonNegative, goStruct } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkAtMost100Percent, checkNonNegativeIntOrPercent, intOrPercentNumber } from "../int-or-percent.ts";
import { shownSelector } from "../label-selector.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";
import { checkPodTemplate } from "../podspec/spec.ts";
import { podWarnings } from "../podspec/warnings.ts";
import {
  ageColumn,
  ageOf,
  containerCells,
  containersColumns,
  integer,
  labelSelectorText,
  labelsText,
  nameColumn,
  nameOf,
  selectorColumn,
  text,
} from "../table/cells.ts";
import { checkAlwaysRestarts, checkTemplateLabels, checkWorkloadSelector, isReadable } from "./selector.ts";

const historyDefault = 10;

export const daemonSetStrategy: KindStrategy = {
  applyDefaults(set: DaemonSet) {
    const { spec } = set;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ||= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= historyDefault;
    const generation = set.metadata.annotations?.[templateAnnotation];
    if (generation === undefined) markTemplate(set, 0);
    else requireInteger(generation);
    defaultPodTemplate(spec.template);
  },
  prepareForCreate: (set: DaemonSet) => markTemplate(set, 1),
  prepareForUpdate(set: DaemonSet, old: DaemonSet) {
    const before = templateGeneration(old);
    markTemplate(set, semanticEqual(set.spec.template, old.spec.template) ? before : before + 1);
  },
  validate: (set: DaemonSet) => checkDaemonSet(set),
  validateUpdate(set: DaemonSet, old: DaemonSet) {
    const out: FieldError[] = [];
    checkImmutable(
      set.spec.selector,
      old.spec.selector,
      root("spec", "selector"),
      out,
      shownSelector(set.spec.selector),
    );
    return [...out, ...checkDaemonSet(set)];
  },
  updates: { status: { prepareForUpdate() {}, validateUpdate: (set: DaemonSet) => checkStatus(set) } },
  warnings: (set: DaemonSet, old?: DaemonSet) =>
    podWarnings(
      set.spec.template?.spec ?? { containers: [] },
      root("spec", "template", "spec"),
      old?.spec.template?.spec,
    ),
  table: {
    columns: [
      nameColumn,
      integer("Desired"),
      integer("Current"),
      integer("Ready"),
      integer("Up-to-date"),
      integer("Available"),
      text("Node Selector"),
      ageColumn,
      ...containersColumns,
      selectorColumn,
    ],
    cells: (set: DaemonSet, now) => [
      nameOf(set),
      set.status?.desiredNumberScheduled ?? 0,
      set.status?.currentNumberScheduled ?? 0,
      set.status?.numberReady ?? 0,
      set.status?.updatedNumberScheduled ?? 0,
      set.status?.numberAvailable ?? 0,
      labelsText(set.spec.template?.spec?.nodeSelector),
      ageOf(set, now),
      ...containerCells(set.spec.template?.spec?.containers),
      labelSelectorText(set.spec.selector),
    ],
  },
};

/** How often the template changed, which the first versions of the API had as a field of the spec. */
/** Derived from a field that the published version does not have. */
const templateAnnotation = "deprecated.daemonset.template.generation";

function requireInteger(text: string): void {
  if (/^[+-]?\d{1,15}$/.test(text)) return;
  const why = `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw errors.badRequest(`DaemonSet in version "v1" cannot be handled as a DaemonSet: ${why}`);
}

function templateGeneration(set: DaemonSet): number {
  return Number(set.metadata.annotations?.[templateAnnotation] ?? 0);
}

function markTemplate(set: DaemonSet, generation: number): void {
  set.metadata.annotations = { ...set.metadata.annotations, [templateAnnotation]: String(generation) };
}

function checkDaemonSet(set: DaemonSet): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  const { selector, template } = set.spec;
  const at = path.child("template");
  if (selector) checkWorkloadSelector(selector, path.child("selector"), out, "daemonset");
  if (isReadable(selector) && template) checkTemplateLabels(template, selector, at, out);
  if (template) {
    checkPodTemplate(template, at, out);
    checkAlwaysRestarts(template, at, out);
  }
  checkNonNegative(set.spec.minReadySeconds, path.child("minReadySeconds"), out);
  checkUpdateStrategy(set.spec, path.child("updateStrategy"), out);
  checkNonNegative(set.spec.revisionHistoryLimit, path.child("revisionHistoryLimit"), out);
  return out;
}

const strategies = ["RollingUpdate", "OnDelete"];

function checkUpdateStrategy({ updateStrategy }: DaemonSetSpec, path: FieldPath, out: FieldError[]): void {
  const rolling = updateStrategy?.rollingUpdate;
  if (updateStrategy?.type === "OnDelete") return;
  if (updateStrategy?.type !== "RollingUpdate") {
    const shown = goStruct([
      ["Type", updateStrategy?.type ?? ""],
      [
        "RollingUpdate",
        rolling &&
          goStruct([
            ["MaxUnavailable", rolling.maxUnavailable ?? 0],
            ["MaxSurge", rolling.maxSurge ?? 0],
          ]),
      ],
    ]);
    out.push(fieldError.notSupported(path, shown, strategies));
  } else if (rolling) checkRollingUpdate(rolling, path.child("rollingUpdate"), out);
  else out.push(fieldError.required(path.child("rollingUpdate"), ""));
}

function checkRollingUpdate(rolling: RollingUpdateDaemonSet, path: FieldPath, out: FieldError[]): void {
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  checkNonNegativeIntOrPercent(maxUnavailable, path.child("maxUnavailable"), out);
  checkAtMost100Percent(maxUnavailable, path.child("maxUnavailable"), out);
  checkNonNegativeIntOrPercent(maxSurge, path.child("maxSurge"), out);
  checkAtMost100Percent(maxSurge, path.child("maxSurge"), out);
  const [unavailable, surge] = [intOrPercentNumber(maxUnavailable), intOrPercentNumber(maxSurge)];
  if (unavailable > 0 && surge > 0) {
    const detail = "may not be set when maxUnavailable is non-zero";
    out.push(fieldError.invalid(path.child("maxSurge"), maxSurge, detail));
  } else if (unavailable === 0 && surge === 0) {
    out.push(fieldError.required(path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"));
  }
}

const counts = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
] as const;

function checkStatus(set: DaemonSet): FieldError[] {
  const out: FieldError[] = [];
  for (const count of counts) checkNonNegative(set.status?.[count], root("status", count), out);
  return out;
}

/** The metadata without the annotation that stands for a field: views of metadata alone do not have it. */
export function ownMetadata({ metadata }: DaemonSet): ObjectMeta {
  const { annotations } = metadata;
  if (annotations?.[templateAnnotation] === undefined) return metadata;
  const { [templateAnnotation]: _, ...own } = annotations;
  if (Object.keys(own).length > 0) return { ...metadata, annotations: own };
  const { annotations: __, ...rest } = metadata;
  return rest;
}
