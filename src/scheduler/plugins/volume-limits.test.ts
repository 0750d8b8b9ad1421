import { expect, test } from "vitest";
import type { CSINode } from "../../api/types/index.ts";
import { podInfoOf } from "../pod-info.ts";
import {
  claimNamed,
  claimVolume,
  classNamed,
  clusterWith,
  nodeNamed,
  podWith,
  volumeNamed,
} from "../testing/volume-facts.ts";
import { nodeVolumeLimits } from "./volume-limits.ts";

const csi = (volumeHandle: string, driver = "d") => ({ csi: { driver, volumeHandle } });
const facts = {
  claims: [
    claimNamed("one", { volumeName: "one" }),
    claimNamed("same", { volumeName: "same" }),
    claimNamed("two", { volumeName: "two" }),
    claimNamed("other", { volumeName: "other" }),
    claimNamed("unbound", { storageClassName: "fast" }),
  ],
  volumes: [
    volumeNamed("one", csi("1")),
    volumeNamed("same", csi("1")),
    volumeNamed("two", csi("2")),
    volumeNamed("other", csi("1", "e")),
  ],
  classes: [classNamed("fast", { provisioner: "d" })],
};

// The node has a volume of driver d, claimed by `one`.
test.each<[string, number | undefined, boolean]>([
  ["two", 2, true],
  ["two", 1, false],
  ["two", undefined, true],
  ["one", 1, true],
  ["same", 1, true],
  ["other", 1, true],
  ["unbound", 1, false],
  ["unbound", 2, true],
])("a pod that claims %s on a node that takes %s of the driver: %s", (claim, count, fits) => {
  const drivers = [{ name: "d", nodeID: "a", allocatable: { count } }];
  const csiNode: CSINode = {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    metadata: { name: "a" },
    spec: { drivers },
  };
  const cluster = clusterWith({ ...facts, csiNodes: [csiNode] }, [nodeNamed("a")]);
  cluster.setPod(podInfoOf(podWith("there", [claimVolume("one")])), "a");
  const filter = nodeVolumeLimits.prepareFilter(podInfoOf(podWith("p", [claimVolume(claim)])), cluster);
  const [node] = cluster.nodes();
  if (typeof filter !== "function" || node === undefined) throw new Error("no filter");
  expect(filter(node)?.reasons).toEqual(fits ? undefined : ["node(s) exceed max volume count"]);
});
