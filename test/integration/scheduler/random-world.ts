// Clusters that change: a world starts at random, then each step adds, moves or takes away something.
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  Service,
  Taint,
} from "../../../src/api/types/index.ts";
import type { Chance } from "./chance.ts";
import { claimNames, hostname, images, labelValues, namespaces, randomLabels, randomPod, zone } from "./random-pods.ts";
import { nameOf, type PlacedPod, type World } from "./reference/index.ts";

/** What a step did, as a scheduler is told of it. */
export type Change =
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "node gone"; readonly name: string }
  | { readonly kind: "pod"; readonly placed: PlacedPod }
  | { readonly kind: "pod gone"; readonly pod: Pod }
  | { readonly kind: "nominated"; readonly placed: PlacedPod }
  | { readonly kind: "not nominated"; readonly pod: Pod }
  | { readonly kind: "nothing" };

const nodesMax = 12;

function taint(chance: Chance): Taint {
  const key = chance.of(["dedicated", "gpu", "load"]);
  const value = key === "load" ? chance.of(["1", "10", "100"]) : chance.of(["yes", "no"]);
  return { key, value, effect: chance.of(["NoSchedule", "NoExecute", "PreferNoSchedule", "PreferNoSchedule"]) };
}

function randomNode(chance: Chance, name: string): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        ...chance.maybe(0.95, () => ({ [hostname]: chance.is(0.95) ? name : "node-0" })),
        ...chance.maybe(0.85, () => ({ [zone]: chance.of(["z0", "z1", "z2"]) })),
        ...chance.maybe(0.6, () => ({ rack: chance.of(["r0", "r1"]) })),
        ...chance.maybe(0.5, () => ({ disk: chance.of(["ssd", "hdd"]) })),
        ...chance.maybe(0.5, () => ({ cores: chance.of(["2", "8", "many"]) })),
      },
    },
    spec: {
      ...chance.maybe(0.08, () => ({ unschedulable: true })),
      ...chance.maybe(0.35, () => ({ taints: chance.times(chance.between(1, 2), () => taint(chance)) })),
    },
    status: {
      allocatable: {
        cpu: chance.of(["2", "4", "8", "3500m"]),
        memory: chance.of(["4Gi", "8Gi", "16G"]),
        pods: chance.of(["6", "20", "110"]),
        ...chance.maybe(0.8, () => ({ "ephemeral-storage": "20Gi" })),
        ...chance.maybe(0.4, () => ({ "example.com/gpu": chance.of(["1", "4"]) })),
        ...chance.maybe(0.3, () => ({ "hugepages-2Mi": "8" })),
      },
      images: images.flatMap((image, i) => {
        const name = image.includes(":") ? image : `${image}:latest`;
        return chance.is(0.5) ? [{ names: [name, `${name}@sha256:${i}`], sizeBytes: 200_000_000 * (i + 1) }] : [];
      }),
    },
  };
}

function service(chance: Chance, name: string): Service {
  const key = chance.of(Object.keys(labelValues));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: chance.of(namespaces) },
    spec: chance.is(0.1) ? {} : { selector: { [key]: chance.of(labelValues[key] ?? []) } },
  };
}

function replicaSet(chance: Chance, name: string): ReplicaSet {
  const selector = chance.is(0.5)
    ? { matchLabels: { app: chance.of(labelValues.app ?? []) } }
    : { matchExpressions: [{ key: "tier", operator: "Exists" }] };
  const metadata = { name, namespace: chance.of(namespaces) };
  return { apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec: { selector } };
}

/** Bound claims, and what they are bound to. */
function storage(chance: Chance): { claims: PersistentVolumeClaim[]; volumes: PersistentVolume[] } {
  const claims: PersistentVolumeClaim[] = [];
  const volumes: PersistentVolume[] = [];
  for (const namespace of namespaces) {
    for (const claimName of claimNames) {
      const volumeName = `pv-${namespace}-${claimName}`;
      const matchExpressions = [{ key: chance.of([zone, "rack"]), operator: "In", values: ["z0", "z1", "r0"] }];
      claims.push({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          name: claimName,
          namespace,
          uid: volumeName,
          annotations: { "pv.kubernetes.io/bind-completed": "yes" },
        },
        spec: { accessModes: [chance.is(0.4) ? "ReadWriteOncePod" : "ReadWriteOnce"], volumeName },
        status: { phase: "Bound" },
      });
      volumes.push({
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: {
          name: volumeName,
          ...chance.maybe(0.3, () => ({ labels: { [zone]: chance.of(["z0", "z0__z2"]) } })),
        },
        spec: {
          accessModes: ["ReadWriteOnce"],
          capacity: { storage: "1Gi" },
          ...chance.maybe(0.4, () => ({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } })),
        },
        status: { phase: "Bound" },
      });
    }
  }
  return { claims, volumes };
}

export class RandomWorld {
  readonly #chance: Chance;
  #world: World;
  #made = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
    const nodes = chance.times(chance.between(3, nodesMax), (i) => randomNode(chance, `node-${i}`));
    this.#world = {
      nodes,
      placed: [],
      nominated: [],
      namespaces: new Map(namespaces.map((name) => [name, chance.maybe(0.8, () => ({ team: name.slice(-1) }))])),
      services: chance.times(chance.between(0, 3), (i) => service(chance, `service-${i}`)),
      replicaSets: ["web", "db"].map((name) => replicaSet(chance, name)),
      ...storage(chance),
    };
    for (let i = chance.between(0, 30); i > 0; i--) this.#place(this.nextPod());
  }

  get world(): World {
    return this.#world;
  }

  /** A pod to be placed: often a twin of one that is there already, as pods of one template are. */
  nextPod(): Pod {
    const name = `pod-${this.#made++}`;
    const chance = this.#chance;
    const { placed } = this.#world;
    if (placed.length === 0 || chance.is(0.6)) return randomPod(chance, name);
    const { status: _, ...twin } = chance.of(placed).pod;
    return { ...twin, metadata: { ...twin.metadata, name, uid: name } };
  }

  /** Puts the pod on the node. */
  place(pod: Pod, node: string): Change {
    const placed = { pod, node };
    this.#world = { ...this.#world, placed: [...this.#world.placed, placed] };
    return { kind: "pod", placed };
  }

  #place(pod: Pod): Change {
    const gone = this.#chance.is(0.02); // pods of a node that is not known (yet)
    return this.place(pod, gone ? "node-unknown" : nameOf(this.#chance.of(this.#world.nodes)));
  }

  /** One random change. */
  step(): Change {
    const chance = this.#chance;
    const world = this.#world;
    const pick = chance.below(100);
    if (pick < 40) return this.#place(this.nextPod());
    if (pick < 60) return this.#removePod();
    if (pick < 70) return this.#changePod();
    if (pick < 85) return this.#setNode(randomNode(chance, nameOf(chance.of(world.nodes))));
    if (pick < 89 && world.nodes.length > 2) return this.#removeNode();
    if (pick < 93) return this.#nominate();
    if (pick < 95) return this.#forgetNomination();
    if (pick < 98 && world.nodes.length < nodesMax)
      return this.#setNode(randomNode(chance, `node-${chance.below(nodesMax)}`));
    const namespaceLabels = new Map(world.namespaces).set(chance.of(namespaces), { team: chance.of(["a", "b"]) });
    this.#world = { ...world, namespaces: namespaceLabels };
    return { kind: "nothing" };
  }

  #nominate(): Change {
    const placed = { pod: this.nextPod(), node: nameOf(this.#chance.of(this.#world.nodes)) };
    this.#world = { ...this.#world, nominated: [...this.#world.nominated, placed] };
    return { kind: "nominated", placed };
  }

  #forgetNomination(): Change {
    const { nominated } = this.#world;
    const [first] = nominated;
    if (first === undefined) return { kind: "nothing" };
    this.#world = { ...this.#world, nominated: nominated.slice(1) };
    return { kind: "not nominated", pod: first.pod };
  }

  #removePod(): Change {
    const { placed } = this.#world;
    if (placed.length === 0) return { kind: "nothing" };
    const gone = this.#chance.of(placed);
    this.#world = { ...this.#world, placed: placed.filter((one) => one !== gone) };
    return { kind: "pod gone", pod: gone.pod };
  }

  /** New labels, on its way out, or nothing that counts: most updates are of the status. */
  #changePod(): Change {
    const { placed } = this.#world;
    if (placed.length === 0) return { kind: "nothing" };
    const old = this.#chance.of(placed);
    const { metadata, status } = old.pod;
    const changed = this.#chance.of([
      { metadata: { ...metadata, labels: randomLabels(this.#chance) } },
      { metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
      { metadata: { ...metadata }, status: { ...status, phase: "Running" } },
    ]);
    const next = { pod: structuredClone({ ...old.pod, ...changed }), node: old.node };
    this.#world = { ...this.#world, placed: placed.map((one) => (one === old ? next : one)) };
    return { kind: "pod", placed: next };
  }

  #setNode(node: Node): Change {
    const others = this.#world.nodes.filter((other) => nameOf(other) !== nameOf(node));
    this.#world = { ...this.#world, nodes: [...others, node] };
    return { kind: "node", node };
  }

  #removeNode(): Change {
    const gone = this.#chance.of(this.#world.nodes);
    this.#world = { ...this.#world, nodes: this.#world.nodes.filter((node) => node !== gone) };
    return { kind: "node gone", name: nameOf(gone) };
  }
}
