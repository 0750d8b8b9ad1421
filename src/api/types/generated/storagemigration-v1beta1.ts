// Made by scripts/generate.ts; do not edit.
import type { Condition, KubeObject, ListMeta } from "../../meta/index.ts";
import type { GroupResource } from "./meta-v1.ts";

export interface StorageVersionMigration extends KubeObject {
  apiVersion: "storagemigration.k8s.io/v1beta1";
  kind: "StorageVersionMigration";
  spec: StorageVersionMigrationSpec;
  status?: StorageVersionMigrationStatus;
}

export interface StorageVersionMigrationList {
  apiVersion: "storagemigration.k8s.io/v1beta1";
  items: StorageVersionMigration[];
  kind: "StorageVersionMigrationList";
  metadata: ListMeta;
}

export interface StorageVersionMigrationSpec {
  resource: GroupResource;
}

export interface StorageVersionMigrationStatus {
  conditions?: Condition[];
  resourceVersion?: string;
}
