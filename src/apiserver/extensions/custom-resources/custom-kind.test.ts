import { describe, expect, it } from "vitest";
import type { JsonObject, KubeObject } from "../../../api/meta/index.ts";
import type { CustomResourceDefinition } from "../../../api/types/index.ts";
import { CustomResource, customKinds } from "./custom-kind.ts";

function definition(preserveUnknownFields: boolean): CustomResourceDefinition {
  const openAPIV3Schema = { type: "object", properties: { spec: { type: "object", properties: {} } } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.org" },
    spec: {
      group: "example.org",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
      preserveUnknownFields,
    },
  } as CustomResourceDefinition;
}

const widget = {
  apiVersion: "example.org/v1",
  kind: "Widget",
  metadata: { name: "w" },
  spec: { size: 3 },
  more: true,
};

describe("fields that a schema does not know", () => {
  it.each([
    [false, {}, undefined],
    // Only a definition of v1beta1 can say so; it is kept as long as its definition is.
    [true, { size: 3 }, true],
  ])("are kept when preserveUnknownFields is %s as %j", (preserves, spec, more) => {
    const [kind] = customKinds(new CustomResource(definition(preserves)));
    const decoded = kind?.decode?.(structuredClone(widget) as unknown as JsonObject, { unknownFields: "collect" });
    expect(decoded?.object).toMatchObject({ metadata: { name: "w" } });
    expect([decoded?.object.spec, decoded?.object.more]).toEqual([spec, more]);
    expect(decoded?.unknownFields.length).toBe(preserves ? 0 : 2);
    const read = kind?.conversion?.fromStorage(widget as KubeObject) as KubeObject & { spec: unknown; more: unknown };
    expect([read.spec, read.more]).toEqual([spec, more]);
  });
});
