import type { CounterChild, GaugeChild, HistogramChild, Metrics } from "../host/index.ts";
import { builtinGroupResources, type GroupResource, resourceOfKey, resourcePrefixOfKey } from "./encryption/index.ts";

/** What the original counts as requests to its etcd. */
export type StorageOperation = "get" | "list" | "create" | "update" | "delete";

const durationBucketsSeconds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

/** The requests of one operation on one resource. */
export interface RequestMetrics {
  readonly durationSeconds: HistogramChild;
  readonly total: CounterChild;
  readonly errors: CounterChild;
}

/** What is measured of one resource; the same for all stores of a process. */
export interface ResourceMetrics {
  /** There from the first request on: most resources never see most operations. */
  request(operation: StorageOperation): RequestMetrics;
  readonly events: CounterChild;
  /** Two metrics of one number: the older one goes by the name of the resource in its group. */
  readonly objects: readonly GaugeChild[];
}

/** The metrics of the original's storage layer, with the children of each resource kept at hand. */
export class StorageMetrics {
  readonly #metrics: Metrics;
  readonly #byPrefix = new Map<string, ResourceMetrics>();
  readonly #duration;
  readonly #total;
  readonly #errors;
  readonly #events;
  readonly #storageObjects;
  readonly #resourceObjects;
  readonly #size;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    const labels = ["operation", "group", "resource"];
    const ofResource = ["group", "resource"];
    this.#duration = metrics.histogram({
      name: "etcd_request_duration_seconds",
      help: "Time that requests to the store took, by operation and resource",
      labels,
      buckets: durationBucketsSeconds,
    });
    this.#total = metrics.counter({
      name: "etcd_requests_total",
      help: "Requests to the store, by operation and resource",
      labels,
    });
    this.#errors = metrics.counter({
      name: "etcd_request_errors_total",
      help: "Requests to the store that failed, by operation and resource",
      labels,
    });
    this.#events = metrics.counter({
      name: "apiserver_storage_events_received_total",
      help: "Changes that the store told of, by resource",
      labels: ofResource,
    });
    this.#storageObjects = metrics.gauge({
      name: "apiserver_storage_objects",
      help: "Stored objects, by resource (deprecated: apiserver_resource_objects)",
      labels: ["resource"],
    });
    this.#resourceObjects = metrics.gauge({
      name: "apiserver_resource_objects",
      help: "Stored objects, by resource",
      labels: ofResource,
    });
    this.#size = metrics.gauge({
      name: "apiserver_storage_size_bytes",
      help: "Size of the store on disk",
      labels: ["storage_cluster_id"],
    });
    for (const { group, resource } of builtinGroupResources()) this.#objectsOf(group, resource); // 0 counts too
  }

  /** Undefined for a key that is not of a resource. */
  ofKey(key: string): ResourceMetrics | undefined {
    const prefix = resourcePrefixOfKey(key);
    if (prefix === undefined) return undefined;
    const known = this.#byPrefix.get(prefix);
    if (known !== undefined) return known;
    const resource = resourceOfKey(`${prefix}//`);
    if (resource === undefined) return undefined;
    const made = this.#make(resource);
    this.#byPrefix.set(prefix, made);
    return made;
  }

  size(storageClusterId: string): GaugeChild {
    return this.#size.labels(storageClusterId);
  }

  beforeRender(collect: () => void): void {
    this.#metrics.beforeRender(collect);
  }

  #make({ group, resource }: GroupResource): ResourceMetrics {
    const requests = new Map<StorageOperation, RequestMetrics>();
    const request = (operation: StorageOperation): RequestMetrics => {
      let metrics = requests.get(operation);
      if (metrics === undefined) {
        metrics = {
          durationSeconds: this.#duration.labels(operation, group, resource),
          total: this.#total.labels(operation, group, resource),
          errors: this.#errors.labels(operation, group, resource),
        };
        requests.set(operation, metrics);
      }
      return metrics;
    };
    return { request, events: this.#events.labels(group, resource), objects: this.#objectsOf(group, resource) };
  }

  #objectsOf(group: string, resource: string): readonly GaugeChild[] {
    const name = group === "" ? resource : `${resource}.${group}`;
    return [this.#storageObjects.labels(name), this.#resourceObjects.labels(group, resource)];
  }
}
