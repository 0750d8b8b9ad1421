import type { FieldError, FieldPath, KubeObject } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { autoscalingV1, autoscalingV2 } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { autoscalingV1Conversion, metricsAnnotation } from "./conversion.ts";
import { checkMetrics } from "./metric-specs.ts";
import { autoscalerTable } from "./table.ts";
import { checkTargetReference, isTargetApiVersion } from "./target-reference.ts";

const specPath = root("spec");
const secondsMax = 3600;
const periodSecondsMax = 1800;
const cpuUtilizationDefault = 80;

export const autoscalerStrategy: KindStrategy = {
  applyDefaults: ({ spec }: autoscalingV2.HorizontalPodAutoscaler) => {
    spec.minReplicas ??= 1;
    if ((spec.metrics ?? []).length === 0) {
      const target = { type: "Utilization", averageUtilization: cpuUtilizationDefault };
      spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
    }
    defaultBehavior(spec.behavior);
  },
  validate: (autoscaler: autoscalingV2.HorizontalPodAutoscaler) => checkAutoscaler(autoscaler, undefined),
  validateUpdate: (autoscaler: autoscalingV2.HorizontalPodAutoscaler, old: autoscalingV2.HorizontalPodAutoscaler) =>
    checkAutoscaler(autoscaler, old),
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate: (autoscaler: autoscalingV2.HorizontalPodAutoscaler) => checkStatus(autoscaler),
    },
  },
  table: autoscalerTable,
};

function toV2(autoscaler: KubeObject): autoscalingV2.HorizontalPodAutoscaler {
  return autoscalingV1Conversion.toStorage(autoscaler) as autoscalingV2.HorizontalPodAutoscaler;
}

/** The first version is a view of the second: its errors lie where the second has the fields. */
export const autoscalerV1Strategy: KindStrategy = {
  applyDefaults: ({ metadata, spec }: autoscalingV1.HorizontalPodAutoscaler) => {
    spec.minReplicas ??= 1;
    if (metadata.annotations?.[metricsAnnotation] === undefined) {
      spec.targetCPUUtilizationPercentage ??= cpuUtilizationDefault;
    }
  },
  validate: (autoscaler) => checkAutoscaler(toV2(autoscaler), undefined),
  validateUpdate: (autoscaler, old) => checkAutoscaler(toV2(autoscaler), toV2(old)),
  updates: {
    status: { prepareForUpdate() {}, validateUpdate: (autoscaler) => checkStatus(toV2(autoscaler)) },
  },
  table: { columns: autoscalerTable.columns, cells: (autoscaler, now) => autoscalerTable.cells(toV2(autoscaler), now) },
};

const scalingPeriodSeconds = 15;

function defaultBehavior(behavior: autoscalingV2.HorizontalPodAutoscalerBehavior | undefined): void {
  if (!behavior) return;
  const percent = { type: "Percent", value: 100, periodSeconds: scalingPeriodSeconds };
  const pods = { type: "Pods", value: 4, periodSeconds: scalingPeriodSeconds };
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [pods, percent],
    ...behavior.scaleUp,
  };
  behavior.scaleDown = { selectPolicy: "Max", policies: [percent], ...behavior.scaleDown };
}

function checkAutoscaler(
  { spec }: autoscalingV2.HorizontalPodAutoscaler,
  old: autoscalingV2.HorizontalPodAutoscaler | undefined,
): FieldError[] {
  const out: FieldError[] = [];
  const { minReplicas, maxReplicas } = spec;
  const atLeastOne = "must be greater than or equal to 1";
  if (minReplicas !== undefined && minReplicas < 1) {
    out.push(fieldError.invalid(specPath.child("minReplicas"), minReplicas, atLeastOne));
  }
  const maxPath = specPath.child("maxReplicas");
  if (maxReplicas === 0) out.push(fieldError.required(maxPath, "must be set and greater than 0"));
  else if (maxReplicas < 1) out.push(fieldError.invalid(maxPath, maxReplicas, atLeastOne));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    out.push(fieldError.invalid(maxPath, maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  const anyVersion = old !== undefined && !isTargetApiVersion(old.spec.scaleTargetRef);
  checkTargetReference(spec.scaleTargetRef, { anyVersion }, specPath.child("scaleTargetRef"), out);
  checkMetrics(spec.metrics ?? [], specPath.child("metrics"), out);
  const behaviorPath = specPath.child("behavior");
  checkRules(spec.behavior?.scaleUp, behaviorPath.child("scaleUp"), out);
  checkRules(spec.behavior?.scaleDown, behaviorPath.child("scaleDown"), out);
  return out;
}

function checkRules(rules: autoscalingV2.HPAScalingRules | undefined, path: FieldPath, out: FieldError[]): void {
  if (!rules) return;
  const { stabilizationWindowSeconds: seconds, selectPolicy, policies } = rules;
  const secondsPath = path.child("stabilizationWindowSeconds");
  if (seconds !== undefined && seconds < 0) {
    out.push(fieldError.invalid(secondsPath, seconds, "must be greater than or equal to zero"));
  }
  if (seconds !== undefined && seconds > secondsMax) {
    out.push(fieldError.invalid(secondsPath, seconds, `must be less than or equal to ${secondsMax}`));
  }
  if (selectPolicy !== undefined) {
    checkSupported(selectPolicy, ["Disabled", "Max", "Min"], path.child("selectPolicy"), out);
  }
  const policiesPath = path.child("policies");
  if ((policies ?? []).length === 0) out.push(fieldError.required(policiesPath, "must specify at least one Policy"));
  for (const [i, policy] of (policies ?? []).entries()) checkPolicy(policy, policiesPath.index(i), out);
}

function checkPolicy(policy: autoscalingV2.HPAScalingPolicy, path: FieldPath, out: FieldError[]): void {
  const { type, value, periodSeconds } = policy;
  checkSupported(type, ["Percent", "Pods"], path.child("type"), out);
  if (value <= 0) out.push(fieldError.invalid(path.child("value"), value, "must be greater than zero"));
  const periodPath = path.child("periodSeconds");
  if (periodSeconds <= 0) out.push(fieldError.invalid(periodPath, periodSeconds, "must be greater than zero"));
  if (periodSeconds > periodSecondsMax) {
    out.push(fieldError.invalid(periodPath, periodSeconds, `must be less than or equal to ${periodSecondsMax}`));
  }
}

function checkStatus({ status }: autoscalingV2.HorizontalPodAutoscaler): FieldError[] {
  const out: FieldError[] = [];
  for (const field of ["currentReplicas", "desiredReplicas"] as const) {
    const value = status?.[field] ?? 0;
    if (value < 0) out.push(fieldError.invalid(root("status", field), value, "must be greater than or equal to 0"));
  }
  return out;
}
