import { type LabelSelector, labelSelectorAsSelector, quantityToMilli, type Selector } from "../../api/meta/index.ts";
import type { autoscalingV2 } from "../../api/types/index.ts";
import { messageOf } from "../pods/index.ts";
import { amount, type DescribedObject, type MetricId, type MetricsApi } from "./metrics-api.ts";
import {
  replicasForAverage,
  replicasForShare,
  replicasForUtilization,
  replicasForValue,
  type Scope,
  type Usage,
} from "./replica-count.ts";

type MetricSpec = autoscalingV2.MetricSpec;
type MetricStatus = autoscalingV2.MetricStatus;

export interface Proposal {
  readonly replicas: number;
  /** How reasons and conditions name the metric. */
  readonly metric: string;
  readonly status: MetricStatus;
}

/** Why a metric tells nothing: `reason` for condition and event, `message` for both, `summary` for the whole. */
export class MetricFailure extends Error {
  readonly reason: string;
  readonly summary: string;

  constructor(reason: string, message: string, summary: string) {
    super(message);
    this.reason = reason;
    this.summary = summary;
  }
}

export interface MetricSources {
  readonly api: MetricsApi;
  readonly namespace: string;
  readonly podSelector: Selector;
  /** The resource of a kind, for metrics of objects. */
  readonly describe: (object: autoscalingV2.CrossVersionObjectReference) => Promise<DescribedObject>;
}

/** How many replicas one metric asks for. @throws MetricFailure */
export async function propose(spec: MetricSpec, scope: Scope, sources: MetricSources): Promise<Proposal> {
  const { resource, containerResource, pods, object, external } = spec;
  if (spec.type === "Resource" && resource !== undefined) {
    const failed = failing("FailedGetResourceMetric", `failed to get ${resource.name} resource metric value`);
    return failed(() => byResource(resource, undefined, scope, sources));
  }
  if (spec.type === "ContainerResource" && containerResource !== undefined) {
    const what = `failed to get ${containerResource.container} container metric value`;
    const failed = failing("FailedGetContainerResourceMetric", what);
    return failed(() => byResource(containerResource, containerResource.container, scope, sources));
  }
  if (spec.type === "Pods" && pods !== undefined) {
    return failing("FailedGetPodsMetric", "failed to get pods metric value")(() => byPods(pods, scope, sources));
  }
  if (spec.type === "Object" && object !== undefined) {
    return failing(
      "FailedGetObjectMetric",
      "failed to get object metric value",
    )(() => byObject(object, scope, sources));
  }
  if (spec.type === "External" && external !== undefined) {
    const failed = failing("FailedGetExternalMetric", `failed to get ${external.metric.name} external metric value`);
    return failed(() => byExternal(external, scope, sources));
  }
  const message = `unknown metric source type "${spec.type}"`;
  throw new MetricFailure("InvalidMetricSourceType", message, message);
}

function failing(reason: string, what: string): (work: () => Promise<Proposal>) => Promise<Proposal> {
  return async (work) => {
    try {
      return await work();
    } catch (error) {
      throw new MetricFailure(reason, messageOf(error), `${what}: ${messageOf(error)}`);
    }
  };
}

/** Puts `what` before the message of a failure. */
async function saying<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${what}${messageOf(error)}`, { cause: error });
  }
}

async function byResource(
  { name, target }: autoscalingV2.ResourceMetricSource,
  container: string | undefined,
  scope: Scope,
  { api, namespace, podSelector }: MetricSources,
): Promise<Proposal> {
  const metrics = () =>
    saying(`unable to get metrics for resource ${name}: `, () => api.resource(namespace, podSelector, name, container));
  const status = (current: autoscalingV2.MetricValueStatus): MetricStatus =>
    container === undefined
      ? { type: "Resource", resource: { name, current } }
      : { type: "ContainerResource", containerResource: { name, container, current } };
  if (target.averageValue !== undefined) {
    const wanted = quantityToMilli(target.averageValue);
    const { replicas, value } = await saying(`failed to get ${name} usage: `, async () =>
      replicasForAverage(scope, await metrics(), wanted, name),
    );
    return { replicas, metric: `${name} resource`, status: status({ averageValue: amount(value) }) };
  }
  const percent = target.averageUtilization;
  if (percent === undefined) {
    throw new Error(
      "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set",
    );
  }
  const usage = await saying(`failed to get ${name} utilization: `, async () =>
    replicasForUtilization(scope, await metrics(), name, percent, container),
  );
  const current = { averageUtilization: usage.utilization, averageValue: amount(usage.value) };
  const source = container === undefined ? "resource" : "container resource";
  const metric = `${name} ${source} utilization (percentage of request)`;
  return { replicas: usage.replicas, metric, status: status(current) };
}

async function byPods(
  { metric, target }: autoscalingV2.PodsMetricSource,
  scope: Scope,
  { api, namespace, podSelector }: MetricSources,
): Promise<Proposal> {
  const metrics = await saying(`unable to get metric ${metric.name}: `, () =>
    api.pods(namespace, podSelector, idOf(metric)),
  );
  const { replicas, value } = replicasForAverage(scope, metrics, quantityToMilli(target.averageValue ?? "0"));
  const current = { averageValue: amount(value) };
  return { replicas, metric: `pods metric ${metric.name}`, status: { type: "Pods", pods: { metric, current } } };
}

async function byObject(
  { metric, target, describedObject }: autoscalingV2.ObjectMetricSource,
  scope: Scope,
  { api, namespace, describe }: MetricSources,
): Promise<Proposal> {
  // The original puts the parts of this message in this order.
  const where = `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/`;
  const read = () => saying(where, async () => api.object(namespace, await describe(describedObject), idOf(metric)));
  const status = (current: autoscalingV2.MetricValueStatus): MetricStatus => ({
    type: "Object",
    object: { describedObject, metric, current },
  });
  if (target.type === "Value" && target.value !== undefined) {
    const { replicas, value } = replicasForValue(scope, await read(), quantityToMilli(target.value));
    const name = `${describedObject.kind} metric ${metric.name}`;
    return { replicas, metric: name, status: status({ value: amount(value) }) };
  }
  if (target.type === "AverageValue" && target.averageValue !== undefined) {
    const wanted = quantityToMilli(target.averageValue);
    const { replicas, value } = await saying(`failed to get ${metric.name} object metric: `, async () =>
      replicasForShare(scope, await read(), wanted),
    );
    return { replicas, metric: externalName(metric), status: status({ averageValue: amount(value) }) };
  }
  throw new Error("invalid object metric source: neither a value target nor an average value target was set");
}

async function byExternal(
  { metric, target }: autoscalingV2.ExternalMetricSource,
  scope: Scope,
  { api, namespace }: MetricSources,
): Promise<Proposal> {
  const where = `unable to get external metric ${namespace}/${metric.name}/${selectorText(metric.selector)}: `;
  const read = () => saying(where, () => api.external(namespace, idOf(metric)));
  const status = (current: autoscalingV2.MetricValueStatus): MetricStatus => ({
    type: "External",
    external: { metric, current },
  });
  const named = (usage: Usage, current: autoscalingV2.MetricValueStatus): Proposal => ({
    replicas: usage.replicas,
    metric: externalName(metric),
    status: status(current),
  });
  if (target.averageValue !== undefined) {
    const wanted = quantityToMilli(target.averageValue);
    const usage = await saying(`failed to get ${metric.name} external metric: `, async () =>
      replicasForShare(scope, await read(), wanted),
    );
    return named(usage, { averageValue: amount(usage.value) });
  }
  if (target.value !== undefined) {
    const wanted = quantityToMilli(target.value);
    const usage = await saying(`failed to get external metric ${metric.name}: `, async () =>
      replicasForValue(scope, await read(), wanted),
    );
    return named(usage, { value: amount(usage.value) });
  }
  throw new Error("invalid external metric source: neither a value target nor an average value target was set");
}

function idOf({ name, selector }: autoscalingV2.MetricIdentifier): MetricId {
  return { name, selector: selector == null ? undefined : labelSelectorAsSelector(selector) };
}

function externalName({ name, selector }: autoscalingV2.MetricIdentifier): string {
  return `external metric ${name}(${selectorText(selector)})`;
}

/** As the original prints a label selector. */
function selectorText(selector: LabelSelector | null | undefined): string {
  if (selector == null) return "nil";
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
    .join("");
  const expressions = (selector.matchExpressions ?? [])
    .map(
      ({ key, operator, values = [] }) =>
        `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
    )
    .join("");
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}
