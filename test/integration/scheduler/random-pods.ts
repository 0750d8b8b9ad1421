// Pods that use everything the default plugins read, made so that they often collide.

import type { LabelSelector } from "../../../src/api/meta/index.ts";
import type {
  Affinity,
  Container,
  NodeSelectorTerm,
  Pod,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from "../../../src/api/types/index.ts";
import type { Chance } from "./chance.ts";

export const hostname = "kubernetes.io/hostname";
export const zone = "topology.kubernetes.io/zone";
export const topologyKeys = [hostname, zone, "rack"];
export const namespaces = ["default", "team-a", "team-b"];
export const labelValues: Readonly<Record<string, readonly string[]>> = {
  app: ["web", "db", "cache"],
  tier: ["front", "back"],
  version: ["1", "2"],
};
export const images = ["nginx", "registry.example/team/app:1.2", "db:9"];
export const resourceNames = ["example.com/gpu", "hugepages-2Mi"];
export const claimNames = ["data-0", "data-1", "data-2", "shared"];

export function randomLabels(chance: Chance): Record<string, string> {
  return Object.fromEntries(
    chance.some(Object.keys(labelValues), 0.7).map((key) => [key, chance.of(labelValues[key] ?? [])]),
  );
}

function selector(chance: Chance): LabelSelector {
  const key = chance.of(Object.keys(labelValues));
  const values = labelValues[key] ?? [];
  if (chance.is(0.05)) return {};
  if (chance.is(0.6)) return { matchLabels: { [key]: chance.of(values) } };
  const operator = chance.of(["In", "NotIn", "Exists", "DoesNotExist"]);
  const isSet = operator === "In" || operator === "NotIn";
  return { matchExpressions: [{ key, operator, ...(isSet && { values: [chance.of(values), chance.of(values)] }) }] };
}

function affinityTerm(chance: Chance): PodAffinityTerm {
  const labelKey = () => [chance.of(Object.keys(labelValues))];
  return {
    topologyKey: chance.of(topologyKeys),
    ...chance.maybe(0.95, () => ({ labelSelector: selector(chance) })),
    ...chance.maybe(0.2, () => ({ namespaces: chance.some(namespaces, 0.5) })),
    ...chance.maybe(0.2, () => ({
      namespaceSelector: chance.is(0.3) ? {} : { matchLabels: { team: chance.of(["a", "b"]) } },
    })),
    ...chance.maybe(0.1, () => ({ matchLabelKeys: labelKey() })),
    ...chance.maybe(0.1, () => ({ mismatchLabelKeys: labelKey() })),
  };
}

function podAffinity(chance: Chance) {
  const weighted = () => ({ weight: chance.between(1, 100), podAffinityTerm: affinityTerm(chance) });
  return {
    ...chance.maybe(0.5, () => ({
      requiredDuringSchedulingIgnoredDuringExecution: chance.times(chance.between(1, 2), () => affinityTerm(chance)),
    })),
    ...chance.maybe(0.5, () => ({
      preferredDuringSchedulingIgnoredDuringExecution: chance.times(chance.between(1, 2), weighted),
    })),
  };
}

function nodeTerm(chance: Chance): NodeSelectorTerm {
  if (chance.is(0.05)) return {};
  if (chance.is(0.15)) {
    const operator = chance.of(["In", "NotIn"]);
    return { matchFields: [{ key: "metadata.name", operator, values: [`node-${chance.below(12)}`] }] };
  }
  return chance.of<() => NodeSelectorTerm>([
    () => ({ matchExpressions: [{ key: zone, operator: chance.of(["In", "NotIn"]), values: ["z0", "z1"] }] }),
    () => ({ matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] }),
    () => ({ matchExpressions: [{ key: "cores", operator: chance.of(["Gt", "Lt"]), values: ["4"] }] }),
    () => ({ matchExpressions: [{ key: "rack", operator: chance.of(["Exists", "DoesNotExist"]) }] }),
  ])();
}

function affinity(chance: Chance): Affinity {
  return {
    ...chance.maybe(0.4, () => ({
      nodeAffinity: {
        ...chance.maybe(0.4, () => ({
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: chance.times(chance.between(1, 2), () => nodeTerm(chance)),
          },
        })),
        ...chance.maybe(0.7, () => ({
          preferredDuringSchedulingIgnoredDuringExecution: chance.times(chance.between(1, 3), () => ({
            weight: chance.between(1, 100),
            preference: nodeTerm(chance),
          })),
        })),
      },
    })),
    ...chance.maybe(0.4, () => ({ podAffinity: podAffinity(chance) })),
    ...chance.maybe(0.5, () => ({ podAntiAffinity: podAffinity(chance) })),
  };
}

function spreadConstraint(chance: Chance): TopologySpreadConstraint {
  const whenUnsatisfiable = chance.of(["DoNotSchedule", "ScheduleAnyway"]);
  return {
    topologyKey: chance.of(topologyKeys),
    maxSkew: chance.between(1, 3),
    whenUnsatisfiable,
    ...chance.maybe(0.95, () => ({ labelSelector: selector(chance) })),
    ...(whenUnsatisfiable === "DoNotSchedule" && chance.maybe(0.3, () => ({ minDomains: chance.between(1, 4) }))),
    ...chance.maybe(0.3, () => ({ nodeAffinityPolicy: chance.of(["Honor", "Ignore"]) })),
    ...chance.maybe(0.3, () => ({ nodeTaintsPolicy: chance.of(["Honor", "Ignore"]) })),
    ...chance.maybe(0.2, () => ({ matchLabelKeys: [chance.of(Object.keys(labelValues))] })),
  };
}

function toleration(chance: Chance): Toleration {
  if (chance.is(0.15)) return { operator: "Exists" };
  if (chance.is(0.2)) return { key: "load", operator: chance.of(["Lt", "Gt"]), value: chance.of(["5", "50"]) };
  return {
    key: chance.of(["dedicated", "gpu", "load"]),
    ...(chance.is(0.5) ? { operator: "Exists" } : { operator: "Equal", value: chance.of(["yes", "no"]) }),
    ...chance.maybe(0.5, () => ({ effect: chance.of(["NoSchedule", "NoExecute", "PreferNoSchedule"]) })),
  };
}

function quantities(chance: Chance): Record<string, string> {
  return {
    ...chance.maybe(0.7, () => ({ cpu: chance.of(["0", "100m", "250m", "1", "1500m"]) })),
    ...chance.maybe(0.7, () => ({ memory: chance.of(["0", "64Mi", "500M", "1Gi", "3Gi"]) })),
    ...chance.maybe(0.2, () => ({ "ephemeral-storage": chance.of(["100Mi", "2Gi"]) })),
    ...chance.maybe(0.15, () => ({ [chance.of(resourceNames)]: chance.of(["1", "2", "4"]) })),
  };
}

function container(chance: Chance, name: string, isInit: boolean): Container {
  const isSidecar = isInit && chance.is(0.5);
  return {
    name,
    image: chance.of(images),
    ...chance.maybe(0.85, () => ({ resources: { requests: quantities(chance) } })),
    ...(isSidecar && { restartPolicy: "Always" }),
    ...chance.maybe(0.15, () => ({
      ports: [
        {
          containerPort: 80,
          hostPort: chance.of([80, 8080]),
          protocol: chance.of(["TCP", "UDP"]),
          ...chance.maybe(0.4, () => ({ hostIP: chance.of(["10.0.0.1", "10.0.0.2"]) })),
        },
      ],
    })),
  };
}

function podLevel(chance: Chance): Pick<PodSpec, "resources"> {
  const requests = { ...chance.maybe(0.7, () => ({ cpu: "2" })), ...chance.maybe(0.5, () => ({ memory: "2Gi" })) };
  return { resources: { requests } };
}

export function randomSpec(chance: Chance): PodSpec {
  const claims = chance.is(0.1) ? chance.some(claimNames, 0.4) : [];
  return {
    containers: chance.times(chance.between(1, 2), (i) => container(chance, `c${i}`, false)),
    priority: chance.between(0, 3),
    ...chance.maybe(0.25, () => ({
      initContainers: chance.times(chance.between(1, 3), (i) => container(chance, `i${i}`, true)),
    })),
    ...chance.maybe(0.1, () => ({ overhead: { cpu: "50m", memory: "32Mi" } })),
    ...chance.maybe(0.1, () => podLevel(chance)),
    ...chance.maybe(0.15, () => ({ nodeSelector: { [chance.of(["disk", "rack"])]: chance.of(["ssd", "r0", "r1"]) } })),
    ...chance.maybe(0.5, () => ({ affinity: affinity(chance) })),
    ...chance.maybe(0.35, () => ({
      topologySpreadConstraints: chance.times(chance.between(1, 2), () => spreadConstraint(chance)),
    })),
    ...chance.maybe(0.5, () => ({ tolerations: chance.times(chance.between(1, 2), () => toleration(chance)) })),
    ...(claims.length > 0 && {
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    }),
  };
}

/** What a resize on the way looks like in a pod's status. */
function resizing(chance: Chance, spec: PodSpec): Pick<Pod, "status"> {
  const infeasible = { type: "PodResizePending", status: "True", reason: "Infeasible" };
  const containerStatuses = spec.containers.map(({ name }) => ({
    name,
    image: "",
    imageID: "",
    ready: true,
    restartCount: 0,
    resources: { requests: { cpu: "500m", memory: "256Mi" } },
    ...chance.maybe(0.5, () => ({ allocatedResources: { cpu: "750m", memory: "128Mi" } })),
  }));
  return { status: { containerStatuses, ...chance.maybe(0.4, () => ({ conditions: [infeasible] })) } };
}

export function randomPod(chance: Chance, name: string): Pod {
  const spec = randomSpec(chance);
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: chance.of(["web", "db"]),
    uid: "owner",
    controller: true,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: chance.of(namespaces),
      uid: name,
      labels: randomLabels(chance),
      ...chance.maybe(0.05, () => ({ deletionTimestamp: "2026-01-01T00:00:00Z" })),
      ...chance.maybe(0.4, () => ({ ownerReferences: [owner] })),
    },
    spec,
    ...chance.maybe(0.08, () => resizing(chance, spec)),
  };
}
