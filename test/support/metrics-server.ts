// The three metrics APIs, as metrics-server and adapters serve them, with amounts that a test sets.
import type { Client } from "../../src/client/index.ts";
import { resources } from "../../src/index.ts";
import { type Asked, ExtensionServer, resourceList, status } from "./extension-server.ts";

const namespace = "kube-system";
const name = "metrics";
const now = () => new Date(Date.now()).toISOString().replace(/\.\d+Z$/, "Z");

export class MetricsServer {
  readonly extension: ExtensionServer;
  /** Of every pod: CPU and memory as quantities. */
  usage = { cpu: "0", memory: "0" };
  /** By name: of every pod, of every object, and of the outside. */
  readonly values = new Map<string, string>();
  /** The pods that there are, with their labels. */
  pods: readonly { readonly namespace: string; readonly name: string; readonly labels: Record<string, string> }[] = [];
  nodes: readonly string[] = [];

  private constructor(extension: ExtensionServer) {
    this.extension = extension;
  }

  static async start(client: Client): Promise<MetricsServer> {
    const made = new MetricsServer(await ExtensionServer.start(client, namespace, name));
    const { answers } = made.extension;
    const entry = (resource: string, kind: string, namespaced: boolean) => ({
      name: resource,
      singularName: "",
      namespaced,
      kind,
      verbs: ["get", "list"],
    });
    answers.set("/apis/metrics.k8s.io/v1beta1", (asked) => made.#resource(asked));
    answers.set("/apis/custom.metrics.k8s.io/v1beta2", (asked) => made.#custom(asked));
    answers.set("/apis/external.metrics.k8s.io/v1beta1", (asked) => made.#external(asked));
    for (const [groupVersion, list] of Object.entries({
      "metrics.k8s.io/v1beta1": [entry("nodes", "NodeMetrics", false), entry("pods", "PodMetrics", true)],
      "custom.metrics.k8s.io/v1beta2": [entry("pods/requests", "MetricValueList", true)],
      "external.metrics.k8s.io/v1beta1": [entry("queue", "ExternalMetricValueList", true)],
    })) {
      const document = resourceList(groupVersion, list);
      const path = `/apis/${groupVersion}`;
      const below = answers.get(path);
      answers.set(path, (asked) => (asked.path === path ? document : below?.(asked)));
      const [group = "", version = ""] = groupVersion.split("/");
      await made.extension.register(client, namespace, name, group, version);
    }
    return made;
  }

  /** Tells of the pods and nodes that there are now. */
  async follow(client: Client): Promise<void> {
    const { items } = await client.resource(resources.pods).list();
    this.pods = items
      .filter(({ status: now }) => now?.phase === "Running")
      .map(({ metadata }) => ({
        namespace: metadata.namespace ?? "",
        name: metadata.name ?? "",
        labels: metadata.labels ?? {},
      }));
    this.nodes = (await client.resource(resources.nodes).list()).items.map(({ metadata }) => metadata.name ?? "");
  }

  #resource({ path, query }: Asked): object {
    const parts = path.split("/").slice(4);
    const apiVersion = "metrics.k8s.io/v1beta1";
    const sample = { timestamp: now(), window: "15s" };
    if (parts[0] === "nodes") {
      const items = this.nodes
        .filter((node) => parts[1] === undefined || node === parts[1])
        .map((node) => ({
          kind: "NodeMetrics",
          apiVersion,
          metadata: { name: node },
          ...sample,
          usage: this.usage,
        }));
      if (parts[1] !== undefined) return items[0] ?? status(404, "NotFound");
      return { kind: "NodeMetricsList", apiVersion, metadata: {}, items };
    }
    const inside = parts[0] === "namespaces" ? parts[1] : undefined;
    const items = this.#selected(inside, query.get("labelSelector")).map((pod) => ({
      kind: "PodMetrics",
      apiVersion,
      metadata: { name: pod.name, namespace: pod.namespace, labels: pod.labels },
      ...sample,
      containers: [{ name: "c", usage: this.usage }],
    }));
    return { kind: "PodMetricsList", apiVersion, metadata: {}, items };
  }

  #custom({ path, query }: Asked): object {
    const [, inside, resource = "", object = "", metric = ""] = path.split("/").slice(4);
    const value = this.values.get(metric);
    if (value === undefined) return status(404, "NotFound");
    const about =
      object === "*"
        ? this.#selected(inside, query.get("labelSelector")).map((pod) => ({ kind: "Pod", name: pod.name }))
        : [{ kind: resource, name: object }];
    const items = about.map((one) => ({
      describedObject: { ...one, namespace: inside },
      metric: { name: metric },
      timestamp: now(),
      value,
    }));
    return { kind: "MetricValueList", apiVersion: "custom.metrics.k8s.io/v1beta2", metadata: {}, items };
  }

  #external({ path }: Asked): object {
    const metricName = path.split("/").at(-1) ?? "";
    const value = this.values.get(metricName);
    if (value === undefined) return status(404, "NotFound");
    const items = [{ metricName, metricLabels: {}, timestamp: now(), value }];
    return {
      kind: "ExternalMetricValueList",
      apiVersion: "external.metrics.k8s.io/v1beta1",
      metadata: {},
      items,
    };
  }

  #selected(inside: string | undefined, selector: string | null) {
    const wanted = (selector ?? "").split(",").filter((term) => term !== "");
    return this.pods.filter(
      (pod) =>
        (inside === undefined || pod.namespace === inside) &&
        wanted.every((term) => {
          const [key = "", value] = term.split("=");
          return pod.labels[key] === value;
        }),
    );
  }
}
