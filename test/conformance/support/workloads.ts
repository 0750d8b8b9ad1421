// Objects that many tests make.
import type { Json } from "./api.ts";

export const pauseImage = "registry.k8s.io/pause:3.10";

/** A container that runs until it is stopped. */
export function container(changes: Json = {}): Json {
  return { name: "c", image: pauseImage, ...changes };
}

export function pod(name: string, { metadata, spec }: { metadata?: Json; spec?: Json } = {}): Json {
  return { metadata: { name, ...metadata }, spec: { containers: [container()], ...spec } };
}

export function template(labels: Record<string, string>, spec: Json = {}): Json {
  return { metadata: { labels }, spec: { containers: [container()], ...spec } };
}

/** A Deployment, ReplicaSet, StatefulSet (with a service name) or DaemonSet (without replicas) of pause containers. */
export function workload(name: string, replicas: number | undefined, spec: Json = {}, labels = { app: name }): Json {
  return {
    metadata: { name, labels },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: labels },
      template: template(labels),
      ...spec,
    },
  };
}

export function replicationController(name: string, replicas: number, spec: Json = {}, labels = { name }): Json {
  return { metadata: { name, labels }, spec: { replicas, selector: labels, template: template(labels), ...spec } };
}

export function condition(object: Json, type: string): Json {
  return object.status?.conditions?.find((one: Json) => one.type === type);
}

export function isReady(object: Json): boolean {
  return condition(object, "Ready")?.status === "True";
}

export function ownedBy(object: Json, owner: Json): boolean {
  return (object.metadata.ownerReferences ?? []).some((one: Json) => one.uid === owner.metadata.uid);
}
