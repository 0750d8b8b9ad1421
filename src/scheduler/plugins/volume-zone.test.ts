import { expect, test } from "vitest";
import { podInfoOf } from "../pod-info.ts";
import { claimNamed, claimVolume, clusterWith, nodeNamed, podWith, volumeNamed } from "../testing/volume-facts.ts";
import { volumeZone } from "./volume-zone.ts";

const zone = "topology.kubernetes.io/zone";
const oldZone = "failure-domain.beta.kubernetes.io/zone";

test.each<[Record<string, string>, Record<string, string>, boolean]>([
  [{ [zone]: "1" }, { [zone]: "1" }, true],
  [{ [zone]: "1" }, { [zone]: "2" }, false],
  [{ [zone]: "1__2" }, { [zone]: "2" }, true],
  [{ [zone]: "1" }, {}, true],
  [{ [oldZone]: "1" }, { [zone]: "1" }, true],
  [{ [oldZone]: "1" }, { [zone]: "2" }, false],
  [{}, { [zone]: "2" }, true],
])("a volume with %j on a node with %j: %s", (labels, nodeLabels, fits) => {
  const claims = [claimNamed("c", { volumeName: "v" })];
  const cluster = clusterWith({ claims, volumes: [volumeNamed("v", { labels })] }, [nodeNamed("a", nodeLabels)]);
  const filter = volumeZone.prepareFilter(podInfoOf(podWith("p", [claimVolume("c")])), cluster);
  const [node] = cluster.nodes();
  const reasons = typeof filter === "function" && node !== undefined ? filter(node)?.reasons : undefined;
  expect(reasons).toEqual(fits ? undefined : ["node(s) had no available volume zone"]);
});
