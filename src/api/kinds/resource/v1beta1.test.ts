import { describe, expect, it } from "vitest";
import { deepFreeze, type KubeObject } from "../../meta/index.ts";
import { resourceV1beta1Conversion } from "./v1beta1.ts";

const old = { apiVersion: "resource.k8s.io/v1beta1", metadata: { name: "x" } };

describe("resource.k8s.io/v1beta1", () => {
  it("has the fields of a claim's request beside its name, the stored form below `exactly`", () => {
    const demand = { deviceClassName: "gpu", allocationMode: "ExactCount", count: 1 };
    const claim = { ...old, kind: "ResourceClaim", spec: { devices: { requests: [{ name: "r", ...demand }] } } };
    const conversion = resourceV1beta1Conversion("resourceclaims");
    const stored = conversion?.toStorage(deepFreeze(claim) as KubeObject);
    expect(stored).toMatchObject({
      apiVersion: "resource.k8s.io/v1",
      spec: { devices: { requests: [{ name: "r", exactly: demand }] } },
    });
    expect(stored && conversion?.fromStorage(deepFreeze(stored))).toEqual(claim);
  });

  it("has the fields of a slice's device below `basic`, the stored form beside its name", () => {
    const devices = [{ name: "d", basic: { attributes: { model: { string: "m" } } } }];
    const pool = { name: "p", generation: 1, resourceSliceCount: 1 };
    const slice = { ...old, kind: "ResourceSlice", spec: { driver: "a.example", pool, nodeName: "n", devices } };
    const conversion = resourceV1beta1Conversion("resourceslices");
    const stored = conversion?.toStorage(deepFreeze(slice) as KubeObject);
    expect(stored).toMatchObject({ spec: { devices: [{ name: "d", attributes: { model: { string: "m" } } }] } });
    expect(stored && conversion?.fromStorage(deepFreeze(stored))).toEqual(slice);
  });
});
