import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isPathSegmentName, parseQuantity, quantitySign } from "../../meta/index.ts";
import type { autoscalingV2 } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";
import { checkTargetReference } from "./target-reference.ts";

const sourceTypes = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const sourceFields = ["object", "external", "pods", "resource", "containerResource"] as const;
type SourceField = (typeof sourceFields)[number];

const fieldOfType: Readonly<Record<string, SourceField>> = {
  Object: "object",
  External: "external",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
};

export function checkMetrics(metrics: readonly autoscalingV2.MetricSpec[], path: FieldPath, out: FieldError[]): void {
  for (const [i, metric] of metrics.entries()) checkMetric(metric, path.index(i), out);
}

function checkMetric(metric: autoscalingV2.MetricSpec, path: FieldPath, out: FieldError[]): void {
  const type = metric.type ?? "";
  const typePath = path.child("type");
  if (type === "") out.push(fieldError.required(typePath, "must specify a metric source type"));
  const unsupported = fieldError.notSupported(typePath, type, sourceTypes);
  if (!sourceTypes.includes(type)) out.push(unsupported);
  const present = sourceFields.filter((field) => metric[field] !== undefined);
  const [first] = present;
  if (first) checkSource(metric, first, path.child(first), out);
  const expected = fieldOfType[type];
  if (expected === undefined) out.push(unsupported);
  else if (metric[expected] === undefined) {
    out.push(fieldError.required(path.child(expected), "must populate information for the given metric source"));
  }
  if (present.length === 1) return;
  for (const field of present) {
    if (field !== expected) {
      out.push(fieldError.forbidden(path.child(field), "must populate the given metric source only"));
    }
  }
}

function checkSource(metric: autoscalingV2.MetricSpec, field: SourceField, path: FieldPath, out: FieldError[]): void {
  if (metric.object && field === "object") checkObject(metric.object, path, out);
  else if (metric.external && field === "external") checkExternal(metric.external, path, out);
  else if (metric.pods && field === "pods") checkPods(metric.pods, path, out);
  else if (metric.resource && field === "resource") checkResource(metric.resource, path, out);
  else if (metric.containerResource) {
    const { container } = metric.containerResource;
    checkResource(metric.containerResource, path, out, container ?? "");
  }
}

function checkObject(source: autoscalingV2.ObjectMetricSource, path: FieldPath, out: FieldError[]): void {
  checkTargetReference(source.describedObject, { coreGroup: true }, path.child("describedObject"), out);
  checkIdentifier(source.metric, path.child("metric"), out);
  const { value, averageValue } = source.target;
  checkTarget(source.target, path.child("target"), out);
  checkOneValue(value, averageValue, "must set either a target value or averageValue", path, out);
}

function checkExternal(source: autoscalingV2.ExternalMetricSource, path: FieldPath, out: FieldError[]): void {
  checkIdentifier(source.metric, path.child("metric"), out);
  checkTarget(source.target, path.child("target"), out);
  const { value, averageValue } = source.target;
  checkOneValue(value, averageValue, "must set either a target value for metric or a per-pod target", path, out);
}

function checkOneValue(
  value: string | undefined,
  averageValue: string | undefined,
  needed: string,
  path: FieldPath,
  out: FieldError[],
): void {
  const at = path.child("target", "averageValue");
  if (value === undefined && averageValue === undefined) out.push(fieldError.required(at, needed));
  if (value !== undefined && averageValue !== undefined) {
    out.push(fieldError.forbidden(path.child("target", "value"), "may not set both value and averageValue"));
  }
}

function checkPods(source: autoscalingV2.PodsMetricSource, path: FieldPath, out: FieldError[]): void {
  checkIdentifier(source.metric, path.child("metric"), out);
  checkTarget(source.target, path.child("target"), out);
  const { averageValue } = source.target;
  if (averageValue === undefined || !isPositive(averageValue)) {
    out.push(fieldError.required(path.child("target", "averageValue"), "must specify a positive target averageValue"));
  }
}

function checkResource(
  source: autoscalingV2.ResourceMetricSource,
  path: FieldPath,
  out: FieldError[],
  container?: string,
): void {
  if (!source.name) out.push(fieldError.required(path.child("name"), "must specify a resource name"));
  if (container === "") out.push(fieldError.required(path.child("container"), "must specify a container"));
  checkTarget(source.target, path.child("target"), out);
  const { averageUtilization, averageValue } = source.target;
  if (averageUtilization === undefined && averageValue === undefined) {
    const at = path.child("target", "averageUtilization");
    out.push(fieldError.required(at, "must set either a target raw value or a target utilization"));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = "may not set both a target raw value and a target utilization";
    out.push(fieldError.forbidden(path.child("target", "averageValue"), detail));
  }
}

function checkIdentifier({ name }: autoscalingV2.MetricIdentifier, path: FieldPath, out: FieldError[]): void {
  const at = path.child("name");
  if (!name) out.push(fieldError.required(at, "must specify a metric name"));
  else checkWith(isPathSegmentName(name), name, at, out);
}

function checkTarget(target: autoscalingV2.MetricTarget, path: FieldPath, out: FieldError[]): void {
  const { type, value, averageValue, averageUtilization } = target;
  const typePath = path.child("type");
  if (!type) out.push(fieldError.required(typePath, "must specify a metric target type"));
  if (!["Utilization", "Value", "AverageValue"].includes(type)) {
    out.push(fieldError.invalid(typePath, type ?? "", "must be either Utilization, Value, or AverageValue"));
  }
  if (value !== undefined && !isPositive(value)) {
    out.push(fieldError.invalid(path.child("value"), value, "must be positive"));
  }
  if (averageValue !== undefined && !isPositive(averageValue)) {
    out.push(fieldError.invalid(path.child("averageValue"), averageValue, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    out.push(fieldError.invalid(path.child("averageUtilization"), averageUtilization, "must be greater than 0"));
  }
}

function isPositive(quantity: string): boolean {
  return quantitySign(parseQuantity(quantity)) > 0;
}
