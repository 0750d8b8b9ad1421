import type { LabelSelector } from "../../meta/index.ts";
import type { autoscalingV2 } from "../../types/index.ts";

/** A metric as autoscaling/v1 writes it into its annotation: targets are fields beside the name. */
export interface V1Metric {
  type: string;
  object?: V1ObjectMetric;
  pods?: { metricName: string; targetAverageValue: string; selector?: LabelSelector };
  resource?: V1ResourceMetric;
  containerResource?: V1ResourceMetric & { container: string };
  external?: {
    metricName: string;
    metricSelector?: LabelSelector;
    targetValue?: string;
    targetAverageValue?: string;
  };
}

interface V1ObjectMetric {
  target: autoscalingV2.CrossVersionObjectReference;
  metricName: string;
  targetValue: string;
  selector?: LabelSelector;
  averageValue?: string;
}

interface V1ResourceMetric {
  name: string;
  targetAverageUtilization?: number;
  targetAverageValue?: string;
}

export function metricToV1(metric: autoscalingV2.MetricSpec): V1Metric {
  const v1: V1Metric = { type: metric.type };
  const { object, pods, resource, containerResource, external } = metric;
  if (object) {
    v1.object = {
      target: object.describedObject,
      metricName: object.metric.name,
      targetValue: object.target.value ?? "0",
      selector: object.metric.selector,
      averageValue: object.target.averageValue,
    };
  }
  if (pods) {
    v1.pods = {
      metricName: pods.metric.name,
      targetAverageValue: pods.target.averageValue ?? "0",
      selector: pods.metric.selector,
    };
  }
  if (resource) v1.resource = resourceToV1(resource.name, resource.target);
  if (containerResource) {
    v1.containerResource = {
      ...resourceToV1(containerResource.name, containerResource.target),
      container: containerResource.container,
    };
  }
  if (external) {
    v1.external = {
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      targetValue: external.target.value,
      targetAverageValue: external.target.averageValue,
    };
  }
  return v1;
}

function resourceToV1(name: string, target: autoscalingV2.MetricTarget): V1ResourceMetric {
  return {
    name,
    targetAverageUtilization: target.averageUtilization,
    targetAverageValue: target.averageValue,
  };
}

export function metricFromV1(v1: V1Metric): autoscalingV2.MetricSpec {
  const metric: autoscalingV2.MetricSpec = { type: v1.type };
  const { object, pods, resource, containerResource, external } = v1;
  if (object) {
    metric.object = {
      describedObject: object.target,
      metric: metricName(object.metricName, object.selector),
      target: valueTarget(object.averageValue === undefined ? object.targetValue : undefined, object.averageValue),
    };
  }
  if (pods) {
    metric.pods = {
      metric: metricName(pods.metricName, pods.selector),
      target: valueTarget(undefined, pods.targetAverageValue),
    };
  }
  if (resource) metric.resource = { name: resource.name, target: resourceTarget(resource) };
  if (containerResource) {
    metric.containerResource = {
      name: containerResource.name,
      container: containerResource.container,
      target: resourceTarget(containerResource),
    };
  }
  if (external) {
    metric.external = {
      metric: metricName(external.metricName, external.metricSelector),
      target: valueTarget(external.targetValue, external.targetAverageValue),
    };
  }
  return metric;
}

function metricName(name: string, selector: LabelSelector | undefined): autoscalingV2.MetricIdentifier {
  return { name, ...(selector && { selector }) };
}

function valueTarget(value: string | undefined, averageValue: string | undefined): autoscalingV2.MetricTarget {
  if (averageValue !== undefined) return { type: "AverageValue", averageValue };
  return { type: "Value", ...(value !== undefined && { value }) };
}

function resourceTarget(metric: V1ResourceMetric): autoscalingV2.MetricTarget {
  if (metric.targetAverageUtilization !== undefined) {
    return { type: "Utilization", averageUtilization: metric.targetAverageUtilization };
  }
  return valueTarget(undefined, metric.targetAverageValue);
}
