// Made by scripts/generate.ts; do not edit.
import type { Condition, IntOrString, KubeObject, LabelSelector, ListMeta } from "../../meta/index.ts";
import type { DeleteOptions } from "./meta-v1.ts";

export interface Eviction extends KubeObject {
  apiVersion: "policy/v1";
  deleteOptions?: DeleteOptions;
  kind: "Eviction";
}

export interface PodDisruptionBudget extends KubeObject {
  apiVersion: "policy/v1";
  kind: "PodDisruptionBudget";
  spec: PodDisruptionBudgetSpec;
  status?: PodDisruptionBudgetStatus;
}

export interface PodDisruptionBudgetList {
  apiVersion: "policy/v1";
  items: PodDisruptionBudget[];
  kind: "PodDisruptionBudgetList";
  metadata: ListMeta;
}

export interface PodDisruptionBudgetSpec {
  maxUnavailable?: IntOrString;
  minAvailable?: IntOrString;
  selector?: LabelSelector;
  unhealthyPodEvictionPolicy?: string;
}

export interface PodDisruptionBudgetStatus {
  conditions?: Condition[];
  currentHealthy?: number;
  desiredHealthy?: number;
  disruptedPods?: Record<string, string>;
  disruptionsAllowed?: number;
  expectedPods?: number;
  observedGeneration?: number;
}
