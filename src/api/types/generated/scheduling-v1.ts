// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";

export interface PriorityClass extends KubeObject {
  apiVersion: "scheduling.k8s.io/v1";
  description?: string;
  globalDefault?: boolean;
  kind: "PriorityClass";
  preemptionPolicy?: string;
  value?: number;
}

export interface PriorityClassList {
  apiVersion: "scheduling.k8s.io/v1";
  items: PriorityClass[];
  kind: "PriorityClassList";
  metadata: ListMeta;
}
