import { expect, test } from "vitest";
import type { ContainerPort, Toleration } from "../../api/types/index.ts";
import { aContainer, aNode, aPod, clusterOf, refusals } from "../testing/plugin-facts.ts";
import { nodeName, nodePorts, nodeUnschedulable } from "./node-basics.ts";

test("a pod that names its node goes nowhere else", () => {
  const cluster = clusterOf([aNode("a"), aNode("b")]);
  const reason = "node(s) didn't match the requested node name";
  expect(refusals(nodeName, aPod("p", { nodeName: "a" }), cluster)).toEqual({ b: reason });
  expect(refusals(nodeName, aPod("p"), cluster)).toEqual({});
});

test.each<[Toleration[], boolean]>([
  [[], false],
  [[{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }], true],
  [[{ key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoExecute" }], false],
  [[{ operator: "Exists" }], true],
])("a cordoned node takes pods that tolerate it: %j %s", (tolerations, fits) => {
  const cluster = clusterOf([aNode("a", { unschedulable: true }), aNode("b")]);
  const refused = refusals(nodeUnschedulable, aPod("p", { tolerations }), cluster);
  expect(refused).toEqual(fits ? {} : { a: "node(s) were unschedulable" });
});

const port = (more: Partial<ContainerPort>): ContainerPort => ({ containerPort: 80, ...more });

test.each<[string, ContainerPort, ContainerPort, boolean]>([
  ["the same port", port({ hostPort: 80 }), port({ hostPort: 80 }), false],
  ["another port", port({ hostPort: 80 }), port({ hostPort: 81 }), true],
  ["another protocol", port({ hostPort: 80 }), port({ hostPort: 80, protocol: "UDP" }), true],
  ["other addresses", port({ hostPort: 80, hostIP: "10.0.0.1" }), port({ hostPort: 80, hostIP: "10.0.0.2" }), true],
  ["all addresses beside one", port({ hostPort: 80, hostIP: "10.0.0.1" }), port({ hostPort: 80 }), false],
  [
    "one address beside all",
    port({ hostPort: 80, hostIP: "0.0.0.0" }),
    port({ hostPort: 80, hostIP: "10.0.0.1" }),
    false,
  ],
  ["no host port", port({ hostPort: 80 }), port({}), true],
])("host ports: %s", (_, taken, wanted, fits) => {
  const withPort = (name: string, ports: ContainerPort[]) =>
    aPod(name, { containers: [{ ...aContainer("c"), ports }] });
  const cluster = clusterOf([aNode("a")], [[withPort("x", [taken]), "a"]]);
  const reason = "node(s) didn't have free ports for the requested pod ports";
  expect(refusals(nodePorts, withPort("p", [wanted]), cluster)).toEqual(fits ? {} : { a: reason });
});

test("sidecars' host ports count, those of other init containers do not", () => {
  const ports = [port({ hostPort: 80 })];
  const cluster = clusterOf([aNode("a")], [[aPod("x", { containers: [{ ...aContainer("c"), ports }] }), "a"]]);
  const init = { ...aContainer("i"), ports };
  expect(refusals(nodePorts, aPod("p", { initContainers: [init] }), cluster)).toEqual({});
  const sidecar = { ...init, restartPolicy: "Always" };
  expect(Object.keys(refusals(nodePorts, aPod("p", { initContainers: [sidecar] }), cluster))).toEqual(["a"]);
});
