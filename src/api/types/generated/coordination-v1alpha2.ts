// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";

export interface LeaseCandidate extends KubeObject {
  apiVersion: "coordination.k8s.io/v1alpha2";
  kind: "LeaseCandidate";
  spec: LeaseCandidateSpec;
}

export interface LeaseCandidateList {
  apiVersion: "coordination.k8s.io/v1alpha2";
  items: LeaseCandidate[];
  kind: "LeaseCandidateList";
  metadata: ListMeta;
}

export interface LeaseCandidateSpec {
  binaryVersion: string;
  emulationVersion?: string;
  leaseName: string;
  pingTime?: string;
  renewTime?: string;
  strategy: string;
}
