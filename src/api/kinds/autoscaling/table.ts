import type { autoscalingV2 } from "../../types/index.ts";
import type { TableStrategy } from "../kind.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";

const unknown = "<unknown>";
const targetsMax = 2;

export const autoscalerTable: TableStrategy = {
  columns: [
    nameColumn,
    text("Reference"),
    text("Targets"),
    text("MinPods"),
    text("MaxPods"),
    text("Replicas"),
    ageColumn,
  ],
  cells(autoscaler: autoscalingV2.HorizontalPodAutoscaler, now) {
    const { spec, status } = autoscaler;
    return [
      nameOf(autoscaler),
      `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
      targetsText(spec.metrics ?? [], status?.currentMetrics ?? []),
      spec.minReplicas === undefined ? "<unset>" : String(spec.minReplicas),
      spec.maxReplicas,
      status?.currentReplicas ?? 0,
      ageOf(autoscaler, now),
    ];
  },
};

function targetsText(
  specs: readonly autoscalingV2.MetricSpec[],
  statuses: readonly autoscalingV2.MetricStatus[],
): string {
  if (specs.length === 0) return none;
  const texts = specs.slice(0, targetsMax).map((spec, i) => targetText(spec, statuses[i]));
  const more = specs.length - targetsMax;
  return more > 0 ? `${texts.join(", ")} + ${more} more...` : texts.join(", ");
}

function targetText(spec: autoscalingV2.MetricSpec, status: autoscalingV2.MetricStatus | undefined): string {
  const { object, external, pods, resource, containerResource } = spec;
  switch (spec.type) {
    case "External":
      return external ? valueText(external.target, status?.external?.current) : unknown;
    case "Object":
      return object ? valueText(object.target, status?.object?.current) : unknown;
    case "Pods":
      return `${status?.pods?.current.averageValue ?? unknown}/${pods?.target.averageValue ?? ""}`;
    case "Resource":
      return resource ? `${resource.name}: ${shareText(resource.target, status?.resource?.current)}` : unknown;
    case "ContainerResource": {
      const current = status?.containerResource?.current;
      return containerResource ? `${containerResource.name}: ${shareText(containerResource.target, current)}` : unknown;
    }
    default:
      return "<unknown type>";
  }
}

type Target = autoscalingV2.MetricTarget;
type Current = autoscalingV2.MetricValueStatus | undefined;

function valueText(target: Target, current: Current): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
  return `${current?.value ?? unknown}/${target.value ?? ""}`;
}

function shareText(target: Target, current: Current): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue}`;
  const used = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
  const wanted = target.averageUtilization === undefined ? "<auto>" : `${target.averageUtilization}%`;
  return `${used}/${wanted}`;
}
