import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { ReplicationController } from "../../types/index.ts";
import { checkReplicaCounts } from "../apps/replica-counts.ts";
import { checkReplicatedTemplate } from "../apps/selector.ts";
import { checkLabels, checkNonNegative } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";
import { nameWarnings, podWarnings } from "../podspec/warnings.ts";
import {
  ageColumn,
  ageOf,
  containerCells,
  containersColumns,
  integer,
  labelsText,
  nameColumn,
  nameOf,
  selectorColumn,
} from "../table/cells.ts";

const path = root("spec");

export const replicationControllerStrategy: KindStrategy = {
  applyDefaults(controller: ReplicationController) {
    controller.spec ??= {};
    const { spec, metadata } = controller;
    const labels = spec.template?.metadata?.labels;
    if (labels) {
      if (!hasAny(spec.selector)) spec.selector = { ...labels };
      if (!hasAny(metadata.labels)) metadata.labels = { ...labels };
    }
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  validate: (controller: ReplicationController) => checkController(controller),
  validateUpdate(controller: ReplicationController) {
    const out = checkController(controller);
    checkLabels(controller.metadata.labels, root("metadata", "labels"), out); // the original looks at them again
    return out;
  },
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate: (controller: ReplicationController) =>
        checkReplicaCounts(controller.status ?? {}, root("status")),
    },
  },
  warnings: (controller: ReplicationController, old?: ReplicationController) => [
    ...(old === undefined ? nameWarnings(controller.metadata.name ?? "") : []),
    ...podWarnings(
      controller.spec?.template?.spec ?? { containers: [] },
      path.child("template", "spec"),
      old?.spec?.template?.spec,
    ),
  ],
  selectableFields: ["status.replicas"],
  fieldValue: (controller: ReplicationController, field) =>
    field === "status.replicas" ? String(controller.status?.replicas ?? 0) : undefined,
  scale: {
    replicas: (controller: ReplicationController) => controller.spec?.replicas ?? 0,
    statusReplicas: (controller: ReplicationController) => controller.status?.replicas ?? 0,
    selector: (controller: ReplicationController) => selectorText(controller),
    withReplicas: (controller: ReplicationController, replicas): ReplicationController => ({
      ...controller,
      spec: { ...controller.spec, replicas },
    }),
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
    cells: (controller: ReplicationController, now) => [
      nameOf(controller),
      controller.spec?.replicas ?? 0,
      controller.status?.replicas ?? 0,
      controller.status?.readyReplicas ?? 0,
      ageOf(controller, now),
      ...containerCells(controller.spec?.template?.spec?.containers),
      labelsText(controller.spec?.selector),
    ],
  },
};

function hasAny(labels: object | null | undefined): boolean {
  return !!labels && Object.keys(labels).length > 0;
}

function selectorText(controller: ReplicationController): string {
  return hasAny(controller.spec?.selector) ? labelsText(controller.spec?.selector) : "";
}

function checkController(controller: ReplicationController): FieldError[] {
  const out: FieldError[] = [];
  const { minReadySeconds, selector, replicas, template } = controller.spec ?? {};
  checkNonNegative(minReadySeconds, path.child("minReadySeconds"), out);
  if (!hasAny(selector)) out.push(fieldError.required(path.child("selector"), ""));
  if (replicas === undefined) out.push(fieldError.required(path.child("replicas"), ""));
  else checkNonNegative(replicas, path.child("replicas"), out);
  const matching = hasAny(selector) ? { matchLabels: selector } : {};
  checkReplicatedTemplate(template, matching, replicas ?? 0, path.child("template"), out);
  return out;
}
