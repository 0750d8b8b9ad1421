import { afterAll, beforeAll, expect, test } from "vitest";
import { resources } from "../../../src/client/index.ts";
import { type Cluster, createCluster } from "../../../src/cluster/index.ts";
import { eventually } from "../../support/eventually.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ nodes: false });
});
afterAll(() => cluster.stop());

const namespace = "default";

test("a quota is neither exceeded nor left charged while its controller counts along", async () => {
  const client = cluster.client();
  const quotas = client.resource(resources.resourcequotas);
  const configMaps = client.resource(resources.configmaps);
  const hard = { "count/configmaps": "60" };
  await quotas.create({ metadata: { namespace, name: "q" }, spec: { hard } });
  const used = async () => Number((await quotas.get({ namespace, name: "q" })).status?.used?.["count/configmaps"]);
  await eventually(used, (count) => count > 0); // kube-root-ca.crt is there
  const before = await used();

  let made = 0;
  const create = async (name: string) => {
    try {
      await configMaps.create({ metadata: { namespace, name } });
      made++;
    } catch (error) {
      expect(String(error)).toContain("exceeded quota: q");
    }
  };
  for (let wave = 0; wave < 8; wave++)
    await Promise.all(Array.from({ length: 25 }, (_, i) => create(`c-${wave}-${i}`)));
  expect(made).toBe(60 - before);
  expect((await configMaps.list({ namespace })).items).toHaveLength(60);
  expect(await used()).toBe(60);

  await configMaps.delete({ namespace, name: "c-0-0" });
  await eventually(used, (count) => count === 59);
});
