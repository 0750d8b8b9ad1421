// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";
import type { Toleration } from "./core-v1.ts";

export interface Overhead {
  podFixed?: Record<string, string>;
}

export interface RuntimeClass extends KubeObject {
  apiVersion: "node.k8s.io/v1";
  handler: string;
  kind: "RuntimeClass";
  overhead?: Overhead;
  scheduling?: Scheduling;
}

export interface RuntimeClassList {
  apiVersion: "node.k8s.io/v1";
  items: RuntimeClass[];
  kind: "RuntimeClassList";
  metadata: ListMeta;
}

export interface Scheduling {
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
}
