import { expect, test } from "vitest";
import type { DaemonSet, Node, Pod } from "../../api/types/index.ts";
import { planDaemons } from "./plan.ts";

test("with a surge one old pod stays on a node, however many updates came one after the other", () => {
  const set: DaemonSet = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "d" },
    spec: {
      selector: {},
      template: { metadata: {}, spec: { containers: [] } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    },
  };
  const pod = (hash: string, second: number): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: hash,
      creationTimestamp: `2026-01-01T00:00:0${second}Z`,
      labels: { "controller-revision-hash": hash },
    },
    spec: { nodeName: "n", containers: [] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
  const nodes: Node[] = [{ apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec: {} }];
  const plan = planDaemons({ set, nodes, pods: [pod("first", 1), pod("second", 2)], hash: "third", nowMs: 0 });
  expect(plan.remove.map(({ metadata }) => metadata.name)).toEqual(["second"]);
});
