import { describe, expect, it } from "vitest";
import { deepFreeze, type ManagedFieldsEntry } from "../meta/index.ts";
import { managedFieldsAfterScale, managedFieldsOfScale } from "./scale.ts";

const paths = { "apps/v1": ["spec", "replicas"] };
const time = "2026-01-01T00:00:00Z";
const replicas = { "f:spec": { "f:replicas": {} } };
const applied: ManagedFieldsEntry = {
  manager: "a",
  operation: "Apply",
  apiVersion: "apps/v1",
  time,
  fieldsType: "FieldsV1",
  fieldsV1: { "f:spec": { "f:paused": {}, "f:replicas": {} } },
};
const scaled: ManagedFieldsEntry = {
  manager: "hpa",
  operation: "Update",
  apiVersion: "autoscaling/v1",
  time,
  fieldsType: "FieldsV1",
  fieldsV1: replicas,
  subresource: "scale",
};

describe("managed fields of a Scale", () => {
  it("are those of the object's replicas", () => {
    const other = { ...applied, manager: "b", fieldsV1: { "f:spec": { "f:paused": {} } } };
    expect(managedFieldsOfScale(deepFreeze([applied, other]), paths)).toEqual([
      { ...applied, apiVersion: "autoscaling/v1", fieldsV1: replicas },
    ]);
  });

  it("move the replicas of the object to who scaled it, without a time", () => {
    expect(managedFieldsAfterScale(deepFreeze([applied]), deepFreeze([scaled]), "apps/v1", paths)).toEqual([
      { ...applied, fieldsV1: { "f:spec": { "f:paused": {} } } },
      {
        manager: "hpa",
        operation: "Update",
        apiVersion: "apps/v1",
        fieldsType: "FieldsV1",
        fieldsV1: replicas,
        subresource: "scale",
      },
    ]);
  });

  it("leave an applier that still owns the replicas as it is", () => {
    const scale = managedFieldsOfScale([applied], paths);
    expect(managedFieldsAfterScale([applied], scale, "apps/v1", paths)).toEqual([applied]);
  });
});
