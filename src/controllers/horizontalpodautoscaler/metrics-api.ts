import {
  formatQuantity,
  isApiError,
  type KubeObject,
  milliQuantity,
  parseDuration,
  parseTime,
  quantityToMilli,
  type Selector,
  selectorString,
} from "../../api/meta/index.ts";
import type { ClientRequest, RequestOptions, Transport } from "../../client/index.ts";
import { messageOf } from "../pods/index.ts";
import type { PodMetric, PodMetrics } from "./pod-metrics.ts";

/** A metric's name and which of its series count. */
export interface MetricId {
  readonly name: string;
  readonly selector: Selector | undefined;
}

/** The object that a metric is about: its resource as `deployments.apps`. */
export interface DescribedObject {
  readonly resource: string;
  readonly namespaced: boolean;
  readonly name: string;
}

interface PodUsage extends KubeObject {
  readonly timestamp: string;
  readonly window: string;
  readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}

interface MetricValue extends KubeObject {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp: string;
  readonly windowSeconds?: number;
  readonly value: string;
}

const resourceGroup = "metrics.k8s.io";
const customGroup = "custom.metrics.k8s.io";
const externalGroup = "external.metrics.k8s.io";
const customVersions = ["v1beta2", "v1beta1"];
/** What the window of a metric is taken for when its source does not say. */
const usualWindowMs = 60_000;
const notServed = "the server could not find the requested resource";

/** Reads the three metrics APIs, which others serve beside the API server. Amounts are in thousandths. */
export class MetricsApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** What pods use of a resource, or one container of each. @throws Error in the original's words. */
  async resource(namespace: string, pods: Selector, resource: string, container?: string): Promise<PodMetrics> {
    const request = { group: resourceGroup, version: "v1beta1", resource: "pods", namespace };
    const items = await told("resource metrics API", `pods.${resourceGroup}`, () =>
      this.#items<PodUsage>({ ...request, verb: "list", options: { labelSelector: selectorString(pods) } }),
    );
    if (items.length === 0) throw new Error("no metrics returned from resource metrics API");
    const metrics = new Map<string, PodMetric>();
    for (const item of items) {
      const value = usageOf(item, resource, container);
      if (value !== undefined) metrics.set(item.metadata.name ?? "", { value, ...measuredAt(item) });
    }
    return metrics;
  }

  /** A custom metric of pods. */
  async pods(namespace: string, pods: Selector, metric: MetricId): Promise<PodMetrics> {
    const options = { labelSelector: selectorString(pods), ...metricOptions(metric) };
    const path = { resource: "pods", namespace, name: "*", subresource: metric.name };
    const items = await this.#custom({ ...path, options });
    if (items.length === 0) throw new Error("no metrics returned from custom metrics API");
    return new Map(
      items.map(({ describedObject, value, timestamp, windowSeconds }) => [
        describedObject?.name ?? "",
        {
          value: quantityToMilli(value),
          timestampMs: parseTime(timestamp),
          windowMs: windowSeconds === undefined ? usualWindowMs : windowSeconds * 1000,
        },
      ]),
    );
  }

  /** A custom metric of one object. */
  async object(namespace: string, object: DescribedObject, metric: MetricId): Promise<number> {
    const options = metricOptions(metric);
    const path =
      object.resource === "namespaces"
        ? { resource: "metrics", namespace, name: metric.name }
        : {
            resource: object.resource,
            ...(object.namespaced ? { namespace } : {}),
            name: object.name,
            subresource: metric.name,
          };
    const [first] = await this.#custom({ ...path, options });
    if (first === undefined) throw new Error("no metrics returned from custom metrics API");
    return quantityToMilli(first.value);
  }

  /** All values of an external metric, summed. */
  async external(namespace: string, metric: MetricId): Promise<number> {
    const labelSelector = metric.selector === undefined ? "" : selectorString(metric.selector);
    const request = { group: externalGroup, version: "v1beta1", resource: metric.name, namespace };
    const items = await told("external metrics API", `${metric.name}.${externalGroup}`, () =>
      this.#items<MetricValue>({ ...request, verb: "list", options: { labelSelector } }),
    );
    if (items.length === 0) throw new Error("no metrics returned from external metrics API");
    return items.reduce((sum, { value }) => sum + quantityToMilli(value), 0);
  }

  #custom(request: Omit<ClientRequest, "verb" | "group" | "version">): Promise<readonly MetricValue[]> {
    return told("custom metrics API", customGroup, async () => {
      for (const version of customVersions) {
        try {
          return await this.#items<MetricValue>({ ...request, verb: "get", group: customGroup, version });
        } catch (error) {
          if (!isNotServed(error)) throw error;
        }
      }
      throw new Error(`no custom metrics API (${customGroup}) registered`);
    });
  }

  async #items<T extends KubeObject>(request: ClientRequest): Promise<readonly T[]> {
    const response = await this.#transport.request(request);
    if (response.kind === "list") return response.items as readonly T[];
    // A get that is answered with a list: the metrics APIs name a metric where others name an object.
    if (response.kind === "object") return (response.object as unknown as { items?: readonly T[] }).items ?? [];
    throw new Error(response.status.message);
  }
}

async function told<T>(api: string, what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new Error(`unable to fetch metrics from ${api}: ${withWhat(error, what)}`, { cause: error });
  }
}

/** Clients of the original name what they asked for when there is no such API. */
function withWhat(error: unknown, what: string): string {
  if (!isNotServed(error)) return messageOf(error);
  return `${notServed} (get ${what})`;
}

/** No server stands behind the API: the original says so in plain text, others in a Status. */
function isNotServed(error: unknown): boolean {
  if (!isApiError(error) || error.code !== 404) return false;
  return error.message.startsWith(notServed) || error.message === "404 page not found";
}

function metricOptions({ selector }: MetricId): RequestOptions {
  return selector === undefined ? {} : { metricLabelSelector: selectorString(selector) };
}

/** Undefined when the use of some container is not known. */
function usageOf(pod: PodUsage, resource: string, container: string | undefined): number | undefined {
  const containers = (pod.containers ?? []).filter(({ name }) => container === undefined || name === container);
  if (container !== undefined && containers.length === 0) {
    const { namespace, name } = pod.metadata;
    throw new Error(
      `failed to get container metrics: container ${container} not present in metrics for pod ${namespace}/${name}`,
    );
  }
  let sum = 0;
  for (const { usage } of containers) {
    const used = usage[resource];
    if (used === undefined) return undefined;
    sum += quantityToMilli(used);
  }
  return sum;
}

function measuredAt({ timestamp, window }: PodUsage): { timestampMs: number; windowMs: number } {
  return { timestampMs: parseTime(timestamp), windowMs: parseDuration(window) };
}

/** An amount in thousandths as the status shows it. */
export function amount(milli: number): string {
  return formatQuantity(milliQuantity(Math.trunc(milli)));
}
