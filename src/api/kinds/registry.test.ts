import { describe, expect, it } from "vitest";
import { builtinKinds } from "./builtin.ts";
import type { ResourceKind } from "./kind.ts";
import { compareVersions, createKindRegistry } from "./registry.ts";

function widgets(): ResourceKind {
  const pods = createKindRegistry(builtinKinds()).byResource("", "v1", "pods");
  if (!pods) throw new Error("pods are built in");
  return {
    ...pods,
    group: "example.org",
    version: "v1",
    resource: "widgets",
    kind: "Widget",
    shape: pods.shape,
    strategy: {},
  };
}

describe("the registry of kinds", () => {
  it("finds a resource by name and by kind", () => {
    const registry = createKindRegistry(builtinKinds());
    const deployments = registry.byResource("apps", "v1", "deployments");
    expect(deployments?.kind).toBe("Deployment");
    expect(registry.byKind("apps", "v1", "Deployment")).toBe(deployments);
    expect(registry.byApiVersionKind("apps/v1", "Deployment")).toBe(deployments);
    expect(registry.byResource("apps", "v1", "constructor")).toBeUndefined();
  });

  it("lists the core group first and prefers stable versions", () => {
    const registry = createKindRegistry(builtinKinds());
    expect(registry.groups().slice(0, 3)).toEqual(["", "apiregistration.k8s.io", "apps"]);
    expect(registry.versions("autoscaling")).toEqual(["v2", "v1"]);
    expect(registry.preferredVersion("resource.k8s.io")).toBe("v1");
    expect(["v1alpha1", "v2", "v1beta2", "v1", "v1beta1"].sort(compareVersions)).toEqual([
      "v2",
      "v1",
      "v1beta2",
      "v1beta1",
      "v1alpha1",
    ]);
  });

  it("takes kinds in and out, and tells that it changed", () => {
    const registry = createKindRegistry(builtinKinds());
    registry.add(widgets());
    expect(registry.byKind("example.org", "v1", "Widget")?.resource).toBe("widgets");
    expect(registry.generation).toBe(1);
    registry.remove("example.org", "v1", "widgets");
    expect(registry.groups()).not.toContain("example.org");
    expect(registry.generation).toBe(2);
  });

  it("gives every resource a shape and a strategy", () => {
    for (const kind of builtinKinds()) {
      expect(kind.shape.fields.size, kind.resource).toBeGreaterThan(0);
      expect(kind.strategy).toBeDefined();
    }
  });

  it("lays the store out as the original", () => {
    const registry = createKindRegistry(builtinKinds());
    const prefix = (group: string, version: string, resource: string) =>
      registry.byResource(group, version, resource)?.storagePrefix;
    expect(prefix("", "v1", "nodes")).toBe("/registry/minions");
    expect(prefix("", "v1", "services")).toBe("/registry/services/specs");
    expect(prefix("", "v1", "endpoints")).toBe("/registry/services/endpoints");
    expect(prefix("networking.k8s.io", "v1", "ingresses")).toBe("/registry/ingress");
    expect(prefix("events.k8s.io", "v1", "events")).toBe(prefix("", "v1", "events"));
    expect(registry.byResource("events.k8s.io", "v1", "events")?.storageApiVersion).toBe("v1");
    expect(registry.byResource("autoscaling", "v1", "horizontalpodautoscalers")?.storageVersion).toBe("v2");
    expect(registry.byResource("apps", "v1", "deployments")?.conversion).toBeUndefined();
  });
});
