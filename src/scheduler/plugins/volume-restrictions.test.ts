import { expect, test } from "vitest";
import type { Volume } from "../../api/types/index.ts";
import { podInfoOf } from "../pod-info.ts";
import { claimNamed, claimVolume, clusterWith, nodeNamed, podWith } from "../testing/volume-facts.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";

const claims = [
  claimNamed("single", { accessModes: ["ReadWriteOncePod"] }),
  claimNamed("shared", { accessModes: ["ReadWriteMany"] }),
];
const inUse = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
const noDisk = "node(s) had no available disk";
const gce = (pdName: string, readOnly = false): Volume => ({ name: "d", gcePersistentDisk: { pdName, readOnly } });
const ebs = (volumeID: string): Volume => ({ name: "d", awsElasticBlockStore: { volumeID } });
const rbd = (image: string, monitors: string[]): Volume => ({ name: "d", rbd: { image, monitors } });

// The first volume is of a pod on node a; what is said of the nodes a and b for a pod with the second.
test.each<[Volume, Volume, readonly (string | undefined)[] | undefined]>([
  [claimVolume("single"), claimVolume("single"), [inUse, inUse]],
  [claimVolume("shared"), claimVolume("shared"), undefined],
  [claimVolume("shared"), claimVolume("single"), [undefined, undefined]],
  [gce("x"), gce("x"), [noDisk, undefined]],
  [gce("x", true), gce("x", true), [undefined, undefined]],
  [gce("x"), gce("y"), [undefined, undefined]],
  [ebs("x"), ebs("x"), [noDisk, undefined]],
  [rbd("i", ["m1", "m2"]), rbd("i", ["m2"]), [noDisk, undefined]],
  [rbd("i", ["m1"]), rbd("i", ["m2"]), [undefined, undefined]],
])("%j in use, %j wanted", (used, wanted, expected) => {
  const cluster = clusterWith({ claims }, [nodeNamed("a"), nodeNamed("b")]);
  cluster.setPod(podInfoOf(podWith("other", [used])), "a");
  const filter = volumeRestrictions.prepareFilter(podInfoOf(podWith("p", [wanted])), cluster);
  const said = typeof filter === "function" ? cluster.nodes().map((node) => filter(node)?.reasons.join()) : filter;
  expect(said).toEqual(expected);
});
