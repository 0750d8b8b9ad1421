import { expect, test } from "vitest";
import type { Pod, StorageClass } from "../../api/types/index.ts";
import { podInfoOf } from "../pod-info.ts";
import {
  claimNamed,
  claimVolume,
  classNamed,
  clusterWith,
  nodeNamed,
  podWith,
  type StorageFacts,
  volumeNamed,
} from "../testing/volume-facts.ts";
import { volumeBinding } from "./volume-binding.ts";

const delayed = (more: Partial<StorageClass> = {}) =>
  classNamed("local", { volumeBindingMode: "WaitForFirstConsumer", ...more });
const nodes = [nodeNamed("a", { zone: "1" }), nodeNamed("b", { zone: "2" })];
const pod = podWith("p", [claimVolume("c")]);
const selected = { "volume.kubernetes.io/selected-node": "b" };
const otherNode = "node(s) didn't match PersistentVolume's node affinity";
const noVolume = "node(s) didn't find available persistent volumes to bind";

/** What the filter says of the pod, or of each node. */
function verdict(facts: StorageFacts, of: Pod = pod): string | readonly (string | undefined)[] {
  const cluster = clusterWith(facts, nodes);
  const filter = volumeBinding.prepareFilter(podInfoOf(of), cluster);
  if (filter === undefined) return "no objection";
  if (typeof filter !== "function") return "rejected" in filter ? filter.rejected.reasons.join() : "some nodes only";
  return cluster.nodes().map((node) => filter(node)?.reasons.join());
}

const local = { storageClassName: "local" };

test.each<[string, StorageFacts, string | readonly (string | undefined)[]]>([
  ["no such claim", {}, 'persistentvolumeclaim "c" not found'],
  [
    "a claim that nobody waits to bind",
    { claims: [claimNamed("c")] },
    "pod has unbound immediate PersistentVolumeClaims",
  ],
  [
    "a claim bound from one side only",
    { claims: [claimNamed("c", { ...local, volumeName: "v", metadata: { annotations: {} } })], classes: [delayed()] },
    "pod has unbound immediate PersistentVolumeClaims",
  ],
  [
    "a lost claim",
    { claims: [claimNamed("c", { volumeName: "v", phase: "Lost" })] },
    'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
  ],
  [
    "a claim that goes",
    { claims: [claimNamed("c", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } })] },
    'persistentvolumeclaim "c" is being deleted',
  ],
  [
    "a volume on one node",
    { claims: [claimNamed("c", { volumeName: "v" })], volumes: [volumeNamed("v", { node: "b" })] },
    [otherNode, undefined],
  ],
  [
    "a volume that is gone",
    { claims: [claimNamed("c", { volumeName: "v" })] },
    Array(2).fill("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"),
  ],
  ["a volume to be made anywhere", { claims: [claimNamed("c", local)], classes: [delayed()] }, [undefined, undefined]],
  [
    "a volume to be made in one zone",
    {
      claims: [claimNamed("c", local)],
      classes: [delayed({ allowedTopologies: [{ matchLabelExpressions: [{ key: "zone", values: ["2"] }] }] })],
    },
    [noVolume, undefined],
  ],
  [
    "a provisioner without room",
    { claims: [claimNamed("c", local)], classes: [delayed()], full: ["local"] },
    Array(2).fill("node(s) did not have enough free storage"),
  ],
  [
    "a node that was chosen already",
    { claims: [claimNamed("c", { ...local, metadata: { annotations: selected } })], classes: [delayed()] },
    [noVolume, undefined],
  ],
  [
    "disks of nodes, one large enough",
    {
      claims: [claimNamed("c", local)],
      classes: [delayed({ provisioner: "kubernetes.io/no-provisioner" })],
      volumes: [
        volumeNamed("small", { ...local, node: "a", capacity: { storage: "1Mi" } }),
        volumeNamed("large", { ...local, node: "b" }),
      ],
    },
    [noVolume, undefined],
  ],
])("%s", (_, facts, expected) => {
  expect(verdict(facts)).toEqual(expected);
});

test("pods without claims are of no interest", () => {
  expect(verdict({}, podWith("p", [{ name: "e", emptyDir: {} }]))).toBe("no objection");
});

test.each<[string, StorageFacts, string]>([
  ["not made yet", {}, 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-e"'],
  [
    "somebody else's",
    { claims: [claimNamed("p-e")] },
    "PVC default/p-e was not created for pod default/p (pod is not owner)",
  ],
])("the claim of an ephemeral volume: %s", (_, facts, expected) => {
  expect(verdict(facts, podWith("p", [{ name: "e", ephemeral: {} }]))).toBe(expected);
});

test("two claims of a pod do not get the same disk, and what is reserved is nobody else's until it is released", () => {
  const volumes = [volumeNamed("one", { ...local, node: "a" }), volumeNamed("two", { ...local, node: "a" })];
  const classes = [delayed({ provisioner: "kubernetes.io/no-provisioner" })];
  const claims = ["c", "d", "e"].map((name) => claimNamed(name, local));
  const cluster = clusterWith({ claims, classes, volumes }, nodes);
  const [a] = cluster.nodes();
  if (a === undefined) throw new Error("no node");
  const refused = (...names: string[]) => {
    const filter = volumeBinding.prepareFilter(podInfoOf(podWith(names.join(""), names.map(claimVolume))), cluster);
    return typeof filter === "function" ? filter(a)?.reasons.join() : filter;
  };
  expect(refused("c", "d")).toBeUndefined();
  expect(refused("c", "d", "e")).toBe(noVolume);
  const both = podInfoOf(podWith("cd", [claimVolume("c"), claimVolume("d")]));
  const reservation = volumeBinding.prepareReserve(both, a, cluster);
  expect([...cluster.takenVolumes]).toEqual([
    ["one", "default/c"],
    ["two", "default/d"],
  ]);
  expect(refused("e")).toBe(noVolume);
  if (!reservation || "rejected" in reservation) throw new Error("not reserved");
  reservation.release(false);
  expect(refused("e")).toBeUndefined();
});

test("while a volume is made for one pod, others that share its claim go to the same node", () => {
  const cluster = clusterWith({ claims: [claimNamed("c", local)], classes: [delayed()] }, nodes);
  const [, b] = cluster.nodes();
  if (b === undefined) throw new Error("no node");
  volumeBinding.prepareReserve(podInfoOf(pod), b, cluster);
  const filter = volumeBinding.prepareFilter(podInfoOf(podWith("q", [claimVolume("c")])), cluster);
  if (typeof filter !== "function") throw new Error("no filter");
  expect(cluster.nodes().map((node) => filter(node)?.reasons.join())).toEqual([noVolume, undefined]);
});
