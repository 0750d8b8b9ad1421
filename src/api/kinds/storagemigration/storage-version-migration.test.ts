import { describe, expect, it } from "vitest";
import { errorMessage } from "../../meta/index.ts";
import type { storagemigrationV1beta1 } from "../../types/index.ts";
import { storageVersionMigrationStrategy as strategy } from "./storage-version-migration.ts";

function migration(resource: string, status?: storagemigrationV1beta1.StorageVersionMigrationStatus) {
  const draft: storagemigrationV1beta1.StorageVersionMigration = {
    apiVersion: "storagemigration.k8s.io/v1beta1",
    kind: "StorageVersionMigration",
    metadata: { name: "m" },
    spec: { resource: { group: "apps", resource } },
    status,
  };
  return draft;
}

function condition(type: string) {
  return { type, status: "True", reason: "Done", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" };
}

describe("storage version migrations", () => {
  it("keep what they migrate", () => {
    const errors = strategy.validateUpdate?.(migration("deployments"), migration("daemonsets")) ?? [];
    expect(errors.map(errorMessage)).toEqual(['resource: Invalid value: "deployments": field is immutable']);
  });

  it("end in one way, and stay ended", () => {
    const check = (status: storagemigrationV1beta1.StorageVersionMigrationStatus, old = migration("deployments")) =>
      (strategy.updates?.status?.validateUpdate?.(migration("deployments", status), old) ?? []).map(
        ({ detail }) => detail,
      );
    expect(check({ conditions: [condition("Succeeded")], resourceVersion: "7" })).toEqual([]);
    expect(check({ conditions: [condition("Succeeded"), condition("Failed")] })).toEqual([
      "Both success and failed conditions cannot be true at the same time",
    ]);
    const ended = migration("deployments", { conditions: [condition("Succeeded")], resourceVersion: "7" });
    expect(check({ resourceVersion: "8" }, ended)).toEqual([
      "cannot be updated",
      "Success condition cannot be set to false once it is true",
    ]);
  });
});
