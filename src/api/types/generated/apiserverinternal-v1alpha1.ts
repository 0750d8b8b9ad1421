// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";

export interface ServerStorageVersion {
  apiServerID: string;
  decodableVersions: string[];
  encodingVersion: string;
  servedVersions?: string[];
}

export interface StorageVersion extends KubeObject {
  apiVersion: "internal.apiserver.k8s.io/v1alpha1";
  kind: "StorageVersion";
  spec: StorageVersionSpec;
  status?: StorageVersionStatus;
}

export interface StorageVersionCondition {
  lastTransitionTime?: string | null;
  message: string;
  observedGeneration?: number;
  reason: string;
  status: string;
  type: string;
}

export interface StorageVersionList {
  apiVersion: "internal.apiserver.k8s.io/v1alpha1";
  items: StorageVersion[];
  kind: "StorageVersionList";
  metadata: ListMeta;
}

export type StorageVersionSpec = Record<string, never>;

export interface StorageVersionStatus {
  commonEncodingVersion?: string;
  conditions?: StorageVersionCondition[];
  storageVersions?: ServerStorageVersion[];
}
