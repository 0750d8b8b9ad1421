import { expect, test } from "vitest";
import type { Service } from "../../api/types/index.ts";
import { createInformerFactory, resources } from "../../client/index.ts";
import { podOf, testCluster } from "../testing/cluster-suite.ts";
import { ServiceEnvironment, serviceVariables } from "./service-environment.ts";

const service = (name: string, clusterIP: string, ports: object[], namespace = "default") =>
  ({ metadata: { name, namespace }, spec: { clusterIP, ports } }) as Service;
const textOf = (variables: readonly { key: string; value: string }[]) =>
  variables.map(({ key, value }) => `${key}=${value}`);

test("a service is told of by its address, its ports and their names", () => {
  const ports = [
    { port: 80, name: "web-ui" },
    { port: 53, protocol: "UDP" },
  ];
  expect(textOf(serviceVariables([service("my-app.v2", "10.0.0.1", ports)]))).toEqual([
    "MY_APP_V2_SERVICE_HOST=10.0.0.1",
    "MY_APP_V2_SERVICE_PORT=80",
    "MY_APP_V2_SERVICE_PORT_WEB_UI=80",
    "MY_APP_V2_PORT=tcp://10.0.0.1:80",
    "MY_APP_V2_PORT_80_TCP=tcp://10.0.0.1:80",
    "MY_APP_V2_PORT_80_TCP_PROTO=tcp",
    "MY_APP_V2_PORT_80_TCP_PORT=80",
    "MY_APP_V2_PORT_80_TCP_ADDR=10.0.0.1",
    "MY_APP_V2_PORT_53_UDP=udp://10.0.0.1:53",
    "MY_APP_V2_PORT_53_UDP_PROTO=udp",
    "MY_APP_V2_PORT_53_UDP_PORT=53",
    "MY_APP_V2_PORT_53_UDP_ADDR=10.0.0.1",
  ]);
});

test("services without an address or a port are not told of, and names begin with no digit", () => {
  const services = [
    service("a", "None", [{ port: 80 }]),
    service("b", "10.0.0.1", []),
    service("1c", "fd00::1", [{ port: 80 }]),
  ];
  const told = textOf(serviceVariables(services));
  expect(told.slice(0, 3)).toEqual(["_1C_SERVICE_HOST=fd00::1", "_1C_SERVICE_PORT=80", "_1C_PORT=tcp://[fd00::1]:80"]);
});

test("a pod is told of its namespace's services and of the API server, as they are now", async () => {
  const cluster = await testCluster();
  const informers = createInformerFactory(cluster.client, cluster.host);
  const environment = new ServiceEnvironment(informers.informer(resources.services));
  informers.start();
  const services = cluster.client.resource(resources.services);
  const make = async (name: string, namespace: string, clusterIP: string) =>
    services.create({ metadata: { name, namespace }, spec: { clusterIP, ports: [{ port: 80 }] } });
  const hosts = async (pod: object) =>
    textOf(await environment.of({ ...podOf("p"), apiVersion: "v1", kind: "Pod", ...pod } as never)).filter((text) =>
      text.includes("_HOST="),
    );
  const elsewhere = { metadata: { name: "p", namespace: "kube-node-lease" } };
  await make("kubernetes", "default", "10.96.0.1");
  await make("own", "kube-node-lease", "10.96.0.2");
  await cluster.seconds(1);
  expect(await hosts(elsewhere)).toEqual(["KUBERNETES_SERVICE_HOST=10.96.0.1", "OWN_SERVICE_HOST=10.96.0.2"]);
  expect(await hosts({ ...elsewhere, spec: { containers: [], enableServiceLinks: false } })).toEqual([
    "KUBERNETES_SERVICE_HOST=10.96.0.1",
  ]);
  await services.delete({ namespace: "kube-node-lease", name: "own" });
  await cluster.seconds(1);
  expect(await hosts(elsewhere)).toEqual(["KUBERNETES_SERVICE_HOST=10.96.0.1"]);
  informers.stop();
  await cluster.stop();
});
