import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, labelSelectorAsSelector, root, selectorString, semanticEqual } from "../../meta/index.ts";
import type { Deployment, DeploymentSpec, RollingUpdateDeployment } from "../../types/index.ts";
import { checkImmutable, checkNonNegative, goStruct } from "../field-checks.ts";
import { type KindStrategy, raiseGeneration } from "../generic.ts";
import { checkAtMost100Percent, checkNonNegativeIntOrPercent, intOrPercentNumber } from "../int-or-percent.ts";
import { shownSelector } from "../label-selector.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";
import { nameWarnings, podWarnings } from "../podspec/warnings.ts";
import {
  ageColumn,
  ageOf,
  containerCells,
  containersColumns,
  labelSelectorText,
  nameColumn,
  nameOf,
  selectorColumn,
  text,
} from "../table/cells.ts";
import { checkReplicatedTemplate, checkWorkloadSelector, isReadable } from "./selector.ts";

const historyDefault = 10;
const progressDeadlineDefault = 600;

export const deploymentStrategy: KindStrategy = {
  applyDefaults(deployment: Deployment) {
    const { spec } = deployment;
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ||= "RollingUpdate";
    if (spec.strategy.type === "RollingUpdate") {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
      spec.strategy.rollingUpdate.maxSurge ??= "25%";
    }
    spec.revisionHistoryLimit ??= historyDefault;
    spec.progressDeadlineSeconds ??= progressDeadlineDefault;
    defaultPodTemplate(spec.template);
  },
  prepareForUpdate(deployment: Deployment, old: Deployment) {
    // Controllers keep their own notes in annotations, so that these count as a change too.
    if (!semanticEqual(deployment.metadata.annotations, old.metadata.annotations)) raiseGeneration(deployment, old);
  },
  validate: (deployment: Deployment) => checkDeployment(deployment),
  validateUpdate(deployment: Deployment, old: Deployment) {
    const out = checkDeployment(deployment);
    checkImmutable(
      deployment.spec.selector,
      old.spec.selector,
      root("spec", "selector"),
      out,
      shownSelector(deployment.spec.selector),
    );
    return out;
  },
  updates: {
    status: {
      prepareForUpdate(deployment: Deployment, old: Deployment) {
        // An absent field stays absent: undefined is no JSON value.
        const { labels: _, ...metadata } = deployment.metadata;
        const { labels } = old.metadata;
        deployment.metadata = labels === undefined ? metadata : { ...metadata, labels };
      },
      validateUpdate: (deployment: Deployment, old: Deployment) => checkStatus(deployment, old),
    },
  },
  statusResetFields: [["metadata", "labels"]],
  warnings: (deployment: Deployment, old?: Deployment) => [
    ...(old === undefined ? nameWarnings(deployment.metadata.name ?? "") : []),
    ...podWarnings(
      deployment.spec.template?.spec ?? { containers: [] },
      root("spec", "template", "spec"),
      old?.spec.template?.spec,
    ),
  ],
  scale: {
    replicas: (deployment: Deployment) => deployment.spec.replicas ?? 0,
    statusReplicas: (deployment: Deployment) => deployment.status?.replicas ?? 0,
    selector: (deployment: Deployment) => selectorString(labelSelectorAsSelector(deployment.spec.selector)),
    withReplicas: (deployment: Deployment, replicas): Deployment => ({
      ...deployment,
      spec: { ...deployment.spec, replicas },
    }),
  },
  table: {
    columns: [
      nameColumn,
      text("Ready"),
      text("Up-to-date"),
      text("Available"),
      ageColumn,
      ...containersColumns,
      selectorColumn,
    ],
    cells: (deployment: Deployment, now) => [
      nameOf(deployment),
      `${deployment.status?.readyReplicas ?? 0}/${deployment.spec.replicas ?? 0}`,
      deployment.status?.updatedReplicas ?? 0,
      deployment.status?.availableReplicas ?? 0,
      ageOf(deployment, now),
      ...containerCells(deployment.spec.template?.spec?.containers),
      labelSelectorText(deployment.spec.selector),
    ],
  },
};

function checkDeployment(deployment: Deployment): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  const { spec } = deployment;
  const { replicas = 0, selector, template, minReadySeconds = 0, progressDeadlineSeconds } = spec;
  checkNonNegative(replicas, path.child("replicas"), out);
  checkWorkloadSelector(selector, path.child("selector"), out, "deployment");
  if (isReadable(selector)) checkReplicatedTemplate(template, selector, replicas, path.child("template"), out);
  else out.push(fieldError.invalid(path.child("selector"), shownSelector(selector), "invalid label selector"));
  checkStrategy(spec, path.child("strategy"), out);
  checkNonNegative(minReadySeconds, path.child("minReadySeconds"), out);
  checkNonNegative(spec.revisionHistoryLimit, path.child("revisionHistoryLimit"), out);
  if (progressDeadlineSeconds !== undefined) {
    const at = path.child("progressDeadlineSeconds");
    checkNonNegative(progressDeadlineSeconds, at, out);
    if (progressDeadlineSeconds <= minReadySeconds) {
      out.push(fieldError.invalid(at, progressDeadlineSeconds, "must be greater than minReadySeconds"));
    }
  }
  return out;
}

const strategies = ["Recreate", "RollingUpdate"];

function checkStrategy({ strategy }: DeploymentSpec, path: FieldPath, out: FieldError[]): void {
  const rolling = strategy?.rollingUpdate;
  switch (strategy?.type) {
    case "Recreate":
      if (rolling) {
        const detail = "may not be specified when strategy `type` is 'Recreate'";
        out.push(fieldError.forbidden(path.child("rollingUpdate"), detail));
      }
      break;
    case "RollingUpdate":
      if (rolling) checkRollingUpdate(rolling, path.child("rollingUpdate"), out);
      else out.push(fieldError.required(path.child("rollingUpdate"), "this should be defaulted and never be nil"));
      break;
    default:
      out.push(fieldError.notSupported(path, shownStrategy(strategy), strategies));
  }
}

function shownStrategy(strategy: DeploymentSpec["strategy"]) {
  const rolling = strategy?.rollingUpdate;
  return goStruct([
    ["Type", strategy?.type ?? ""],
    [
      "RollingUpdate",
      rolling &&
        goStruct([
          ["MaxUnavailable", rolling.maxUnavailable ?? 0],
          ["MaxSurge", rolling.maxSurge ?? 0],
        ]),
    ],
  ]);
}

function checkRollingUpdate(rolling: RollingUpdateDeployment, path: FieldPath, out: FieldError[]): void {
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  checkNonNegativeIntOrPercent(maxUnavailable, path.child("maxUnavailable"), out);
  checkNonNegativeIntOrPercent(maxSurge, path.child("maxSurge"), out);
  if (intOrPercentNumber(maxUnavailable) === 0 && intOrPercentNumber(maxSurge) === 0) {
    const detail = "may not be 0 when `maxSurge` is 0";
    out.push(fieldError.invalid(path.child("maxUnavailable"), maxUnavailable, detail));
  }
  checkAtMost100Percent(maxUnavailable, path.child("maxUnavailable"), out);
}

function checkStatus(deployment: Deployment, old: Deployment): FieldError[] {
  const out: FieldError[] = [];
  const path = root("status");
  const { status = {} } = deployment;
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0, collisionCount } = status;
  checkNonNegative(status.observedGeneration, path.child("observedGeneration"), out);
  checkNonNegative(replicas, path.child("replicas"), out);
  checkNonNegative(updatedReplicas, path.child("updatedReplicas"), out);
  checkNonNegative(readyReplicas, path.child("readyReplicas"), out);
  checkNonNegative(availableReplicas, path.child("availableReplicas"), out);
  checkNonNegative(status.unavailableReplicas, path.child("unavailableReplicas"), out);
  checkNonNegative(collisionCount, path.child("collisionCount"), out);
  const notMore = (value: number, name: string, limit: number, than: string) => {
    if (value > limit) out.push(fieldError.invalid(path.child(name), value, `cannot be greater than ${than}`));
  };
  notMore(updatedReplicas, "updatedReplicas", replicas, "status.replicas");
  notMore(readyReplicas, "readyReplicas", replicas, "status.replicas");
  notMore(availableReplicas, "availableReplicas", replicas, "status.replicas");
  notMore(availableReplicas, "availableReplicas", readyReplicas, "readyReplicas");
  const collisions = old.status?.collisionCount;
  if (collisions !== undefined && (collisionCount === undefined || collisionCount < collisions)) {
    const detail = `cannot be decremented from current value ${collisions}`;
    out.push(fieldError.invalid(path.child("collisionCount"), collisionCount ?? 0, detail));
  }
  return out;
}
