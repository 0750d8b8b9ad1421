import type { FieldError } from "../../meta/index.ts";
import { fieldError, labelSelectorAsSelector, root, selectorString } from "../../meta/index.ts";
import type { ReplicaSet } from "../../types/index.ts";
import { checkImmutable, checkNonNegative } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { shownSelector } from "../label-selector.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";
import { nameWarnings, podWarnings } from "../podspec/warnings.ts";
import {
  ageColumn,
  ageOf,
  containerCells,
  containersColumns,
  integer,
  labelSelectorText,
  nameColumn,
  nameOf,
  selectorColumn,
} from "../table/cells.ts";
import { checkReplicaCounts } from "./replica-counts.ts";
import { checkReplicatedTemplate, checkWorkloadSelector, isReadable } from "./selector.ts";

export const replicaSetStrategy: KindStrategy = {
  applyDefaults(set: ReplicaSet) {
    set.spec.replicas ??= 1;
    defaultPodTemplate(set.spec.template);
  },
  validate: (set: ReplicaSet) => checkReplicaSet(set),
  validateUpdate(set: ReplicaSet, old: ReplicaSet) {
    const out = checkReplicaSet(set);
    checkImmutable(
      set.spec.selector,
      old.spec.selector,
      root("spec", "selector"),
      out,
      shownSelector(set.spec.selector),
    );
    return out;
  },
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate: (set: ReplicaSet) => checkReplicaCounts(set.status ?? {}, root("status")),
    },
  },
  warnings: (set: ReplicaSet, old?: ReplicaSet) => [
    ...(old === undefined ? nameWarnings(set.metadata.name ?? "") : []),
    ...podWarnings(
      set.spec.template?.spec ?? { containers: [] },
      root("spec", "template", "spec"),
      old?.spec.template?.spec,
    ),
  ],
  selectableFields: ["status.replicas"],
  fieldValue: (set: ReplicaSet, field) => (field === "status.replicas" ? String(set.status?.replicas ?? 0) : undefined),
  scale: {
    replicas: (set: ReplicaSet) => set.spec.replicas ?? 0,
    statusReplicas: (set: ReplicaSet) => set.status?.replicas ?? 0,
    selector: (set: ReplicaSet) => selectorString(labelSelectorAsSelector(set.spec.selector)),
    withReplicas: (set: ReplicaSet, replicas): ReplicaSet => ({ ...set, spec: { ...set.spec, replicas } }),
  },
  table: {
    columns: [
      nameColumn,
      integer("Desired"),
      integer("Current"),
      integer("Ready"),
      ageColumn,
      ...containersColumns,
      selectorColumn,
    ],
    cells: (set: ReplicaSet, now) => [
      nameOf(set),
      set.spec.replicas ?? 0,
      set.status?.replicas ?? 0,
      set.status?.readyReplicas ?? 0,
      ageOf(set, now),
      ...containerCells(set.spec.template?.spec?.containers),
      labelSelectorText(set.spec.selector),
    ],
  },
};

function checkReplicaSet(set: ReplicaSet): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  const { replicas = 0, minReadySeconds, selector, template } = set.spec;
  checkNonNegative(replicas, path.child("replicas"), out);
  checkNonNegative(minReadySeconds, path.child("minReadySeconds"), out);
  // The original's messages call it a deployment.
  checkWorkloadSelector(selector, path.child("selector"), out, "deployment");
  if (!isReadable(selector)) {
    out.push(fieldError.invalid(path.child("selector"), shownSelector(selector), "invalid label selector"));
  } else checkReplicatedTemplate(template, selector, replicas, path.child("template"), out);
  return out;
}
