import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, createCluster } from "../../../src/index.ts";
import { Api, type Json } from "../../conformance/support/api.ts";
import { definitionPath, definitionsPath, isEstablished, widget, widgetDefinition } from "./definitions.ts";

describe("controllers know custom resources", () => {
  let cluster: Cluster;
  let api: Api;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: false });
    api = new Api(cluster);
    const scale = { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" };
    await api.create(definitionsPath, widgetDefinition({ subresources: { scale } }));
    await api.until(definitionPath, isEstablished);
  });

  afterAll(async () => {
    api?.close();
    await cluster?.stop();
  });

  const widgetsIn = (namespace: string) => `/apis/example.org/v1/namespaces/${namespace}/widgets`;

  async function namespace(): Promise<string> {
    const { metadata } = await api.create("/api/v1/namespaces", { metadata: { generateName: "cr-" } });
    return metadata.name;
  }

  test("the garbage collector deletes what custom objects own, and custom objects that are owned", async () => {
    const place = await namespace();
    const configMaps = `/api/v1/namespaces/${place}/configmaps`;
    const { metadata } = await api.create(widgetsIn(place), widget("owner"));
    const owned = (uid: string, kind: string, apiVersion: string, name: string): Json => ({
      ownerReferences: [{ apiVersion, kind, name, uid }],
    });
    const made = await api.create(configMaps, {
      metadata: { name: "child", ...owned(metadata.uid, "Widget", "example.org/v1", "owner") },
    });
    const grandchild = widget(
      "grandchild",
      {},
      {
        metadata: { name: "grandchild", ...owned(made.metadata.uid, "ConfigMap", "v1", "child") },
      },
    );
    await api.create(widgetsIn(place), grandchild);
    await api.delete(`${widgetsIn(place)}/owner`);
    await api.untilGone(`${configMaps}/child`);
    await api.untilGone(`${widgetsIn(place)}/grandchild`);
  });

  test("a namespace takes its custom objects with it", async () => {
    const place = await namespace();
    await api.create(widgetsIn(place), widget("one"));
    await api.delete(`/api/v1/namespaces/${place}`);
    await api.untilGone(`/api/v1/namespaces/${place}`);
    const { items } = await api.get("/apis/example.org/v1/widgets");
    expect(items.filter(({ metadata }: Json) => metadata.namespace === place)).toEqual([]);
  });

  test("quotas count custom objects", async () => {
    const place = await namespace();
    const quotas = `/api/v1/namespaces/${place}/resourcequotas`;
    const hard = { "count/widgets.example.org": "1" };
    await api.create(quotas, { metadata: { name: "few" }, spec: { hard } });
    await api.until(`${quotas}/few`, ({ status }) => status?.used?.["count/widgets.example.org"] === "0");
    await api.create(widgetsIn(place), widget("one"));
    const second = await api.call("POST", widgetsIn(place), { body: widget("two") });
    expect([second.status, second.body.message]).toEqual([
      403,
      'widgets.example.org "two" is forbidden: exceeded quota: few, requested: count/widgets.example.org=1, used: count/widgets.example.org=1, limited: count/widgets.example.org=1',
    ]);
    await api.delete(`${widgetsIn(place)}/one`);
    await api.until(`${quotas}/few`, ({ status }) => status?.used?.["count/widgets.example.org"] === "0");
  });

  test("disruption budgets ask the scale of custom objects how many pods there should be", async () => {
    const place = await namespace();
    const { metadata } = await api.create(widgetsIn(place), widget("owner", { size: 4 }));
    const owner = { apiVersion: "example.org/v1", kind: "Widget", name: "owner", uid: metadata.uid, controller: true };
    const spec = { containers: [{ name: "c", image: "i" }] };
    await api.until(`/api/v1/namespaces/${place}/serviceaccounts/default`, () => true);
    const labels = { app: "w" };
    await api.create(`/api/v1/namespaces/${place}/pods`, {
      metadata: { name: "only", labels, ownerReferences: [owner] },
      spec,
    });
    const budgets = `/apis/policy/v1/namespaces/${place}/poddisruptionbudgets`;
    const budget = { maxUnavailable: "25%", selector: { matchLabels: labels } };
    await api.create(budgets, { metadata: { name: "b" }, spec: budget });
    const { status } = await api.until(`${budgets}/b`, (one) => one.status?.observedGeneration === 1);
    expect([status.expectedPods, status.desiredHealthy, status.currentHealthy]).toEqual([4, 3, 0]);
  });
});
