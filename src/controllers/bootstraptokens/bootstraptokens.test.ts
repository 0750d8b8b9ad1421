import { createHmac } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { formatTime } from "../../api/meta/index.ts";
import { resources } from "../../client/index.ts";
import { controllersOffByDefault } from "../index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());
const names = ["bootstrap-signer-controller", "token-cleaner-controller"];

test("tokens sign the cluster's information, and go when they expire", async () => {
  cluster = await testCluster(names);
  expect(names.every((name) => controllersOffByDefault.has(name))).toBe(true);
  for (const name of ["kube-public", "kube-system"]) {
    await cluster.client.resource(resources.namespaces).create({ metadata: { name }, spec: {} });
  }
  const info = { namespace: "kube-public", name: "cluster-info" };
  await cluster.client.resource(resources.configmaps).create({ metadata: info, data: { kubeconfig: "config" } });
  await cluster.client.resource(resources.secrets).create({
    metadata: { namespace: "kube-system", name: "bootstrap-token-abcdef" },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": "abcdef",
      "token-secret": "0123456789abcdef",
      "usage-bootstrap-signing": "true",
      expiration: formatTime(cluster.host.clock.now() + 60_000),
    },
  });
  await cluster.settle();
  const data = async () => (await cluster.client.resource(resources.configmaps).get(info)).data ?? {};
  const signature = (await data())["jws-kubeconfig-abcdef"] ?? "";
  const [header = "", none, mac] = signature.split(".");
  expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({ alg: "HS256", kid: "abcdef" });
  expect(none).toBe("");
  const signed = `${header}.${Buffer.from("config").toString("base64url")}`;
  expect(mac).toBe(createHmac("sha256", "0123456789abcdef").update(signed).digest("base64url"));
  cluster.writes();
  await cluster.settle(61_000);
  expect(await data()).toEqual({ kubeconfig: "config" });
  expect(await cluster.all(resources.secrets)).toEqual([]);
});
