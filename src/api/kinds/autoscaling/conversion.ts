import type { KubeObject, ObjectMeta } from "../../meta/index.ts";
import type { autoscalingV1, autoscalingV2 } from "../../types/index.ts";
import type { Conversion } from "../kind.ts";
import { metricFromV1, metricToV1, type V1Metric } from "./v1-metrics.ts";

/** What autoscaling/v1 has no fields for travels in annotations, as JSON. */
export const metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics";
const behaviorAnnotation = "autoscaling.alpha.kubernetes.io/behavior";
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions";
const ownAnnotations: ReadonlySet<string> = new Set([metricsAnnotation, behaviorAnnotation, conditionsAnnotation]);

/** Autoscalers are stored as v2; v1 knows one metric, cpu utilization. */
export const autoscalingV1Conversion: Conversion = {
  toStorage(draft: KubeObject): KubeObject {
    return toV2(draft as autoscalingV1.HorizontalPodAutoscaler);
  },
  fromStorage(object: KubeObject): KubeObject {
    return toV1(object as autoscalingV2.HorizontalPodAutoscaler);
  },
};

function toV2(v1: autoscalingV1.HorizontalPodAutoscaler): autoscalingV2.HorizontalPodAutoscaler {
  const annotations = v1.metadata.annotations ?? {};
  const { targetCPUUtilizationPercentage: cpu, ...spec } = v1.spec;
  const metrics = (parseJson<V1Metric[]>(annotations[metricsAnnotation]) ?? []).map(metricFromV1);
  if (cpu !== undefined) metrics.push(cpuMetric(cpu));
  const behavior = parseJson<autoscalingV2.HorizontalPodAutoscalerBehavior>(annotations[behaviorAnnotation]);
  const { currentCPUUtilizationPercentage: current, currentReplicas, ...status } = v1.status ?? emptyStatus;
  const conditions = parseJson<autoscalingV2.HorizontalPodAutoscalerCondition[]>(annotations[conditionsAnnotation]);
  return {
    ...v1,
    apiVersion: "autoscaling/v2",
    metadata: withoutOwnAnnotations(v1.metadata),
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior && { behavior }) },
    status: {
      ...status,
      ...(currentReplicas > 0 && { currentReplicas }),
      currentMetrics: current === undefined ? null : [currentCPU(current)],
      ...(conditions && { conditions }),
    },
  };
}

function toV1(v2: autoscalingV2.HorizontalPodAutoscaler): autoscalingV1.HorizontalPodAutoscaler {
  const { metrics = [], behavior, ...spec } = v2.spec;
  const { conditions, currentMetrics, ...status } = v2.status ?? emptyStatus;
  const cpu = metrics.find(isCPUUtilization);
  const others = metrics.filter((metric) => metric !== cpu);
  const current = currentMetrics?.find((metric) => metric.type === "Resource" && metric.resource?.name === "cpu");
  const percentage = current?.resource?.current.averageUtilization;
  const annotations: Record<string, string> = { ...v2.metadata.annotations };
  if (others.length > 0) annotations[metricsAnnotation] = JSON.stringify(others.map(metricToV1));
  if (behavior !== undefined) annotations[behaviorAnnotation] = JSON.stringify(behavior);
  if (conditions !== undefined && conditions.length > 0) annotations[conditionsAnnotation] = JSON.stringify(conditions);
  const target = cpu?.resource?.target.averageUtilization;
  return {
    ...v2,
    apiVersion: "autoscaling/v1",
    metadata: Object.keys(annotations).length > 0 ? { ...v2.metadata, annotations } : v2.metadata,
    spec: { ...spec, ...(target !== undefined && { targetCPUUtilizationPercentage: target }) },
    status: {
      ...status,
      currentReplicas: status.currentReplicas ?? 0,
      ...(percentage !== undefined && { currentCPUUtilizationPercentage: percentage }),
    },
  };
}

const emptyStatus: autoscalingV1.HorizontalPodAutoscalerStatus & autoscalingV2.HorizontalPodAutoscalerStatus = {
  currentReplicas: 0,
  desiredReplicas: 0,
};

function cpuMetric(averageUtilization: number): autoscalingV2.MetricSpec {
  return { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } };
}

function currentCPU(averageUtilization: number): autoscalingV2.MetricStatus {
  return { type: "Resource", resource: { name: "cpu", current: { averageUtilization } } };
}

function isCPUUtilization(metric: autoscalingV2.MetricSpec): boolean {
  return (
    metric.type === "Resource" &&
    metric.resource?.name === "cpu" &&
    metric.resource.target.averageUtilization !== undefined
  );
}

function withoutOwnAnnotations(metadata: ObjectMeta): ObjectMeta {
  const entries = Object.entries(metadata.annotations ?? {});
  const kept = entries.filter(([key]) => !ownAnnotations.has(key));
  if (kept.length === entries.length) return metadata;
  const { annotations: _, ...rest } = metadata;
  return kept.length > 0 ? { ...rest, annotations: Object.fromEntries(kept) } : rest;
}

/** An annotation anyone may have written: what is not JSON is left out, as the original does. */
function parseJson<T>(text: string | undefined): T | undefined {
  if (!text) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
