import { describe, expect, it } from "vitest";
import { builtinKinds } from "./builtin.ts";
import type { ResourceKind } from "./kind.ts";
import { createKindRegistry } from "./registry.ts";
import type { DelegatedGroupVersion } from "./served.ts";
import { compareVersions } from "./version-order.ts";

function widgets(group = "example.org", version = "v1"): ResourceKind {
  const pods = createKindRegistry(builtinKinds()).byResource("", "v1", "pods");
  if (!pods) throw new Error("pods are built in");
  return {
    ...pods,
    group,
    version,
    resource: "widgets",
    kind: "Widget",
    shape: pods.shape,
    strategy: {},
  };
}

function delegated(group: string, version: string, groups: number, versions: number): DelegatedGroupVersion {
  return { group, version, groupPriorityMinimum: groups, versionPriority: versions, resources: [], isStale: false };
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
    const told: number[] = [];
    const unsubscribe = registry.subscribe(() => told.push(registry.generation));
    const widget = widgets();
    registry.change({ add: [widget, widgets("example.org", "v2")] });
    expect(registry.byKind("example.org", "v1", "Widget")?.resource).toBe("widgets");
    expect(registry.versions("example.org")).toEqual(["v2", "v1"]);
    expect(registry.generation).toBe(1);
    registry.change({ add: [widgets("example.org", "v2")], remove: [widget] });
    expect(registry.byResource("example.org", "v1", "widgets")).toBeUndefined();
    registry.change({ remove: registry.inGroupVersion("example.org", "v2") });
    expect(registry.groups()).not.toContain("example.org");
    unsubscribe();
    registry.change({ add: [widget] });
    expect(told).toEqual([1, 2, 3]);
  });

  it("orders groups and versions by the priorities of those who serve them, then as the original prefers", () => {
    const registry = createKindRegistry(builtinKinds());
    registry.change({ add: [widgets("b.example.org"), widgets("a.example.org", "v1beta1"), widgets("a.example.org")] });
    registry.delegate(delegated("a.example.org", "v2", 1_000, 15));
    registry.delegate(delegated("metrics.example.org", "v1", 2_000, 100));
    const order = registry.served().map(({ name, versions }) => [name, ...versions.map(({ version }) => version)]);
    expect(order.slice(-3)).toEqual([
      ["metrics.example.org", "v1"],
      ["a.example.org", "v1", "v1beta1", "v2"],
      ["b.example.org", "v1"],
    ]);
    expect(registry.groups()).not.toContain("metrics.example.org");
    expect(registry.versions("a.example.org")).toEqual(["v1", "v1beta1"]);
  });

  it("hides the kinds of a version that another server serves", () => {
    const registry = createKindRegistry([widgets()]);
    registry.delegate(delegated("example.org", "v1", 1_000, 100));
    expect(registry.delegated("example.org", "v1")?.isStale).toBe(false);
    expect(registry.all()).toEqual([]);
    expect(registry.servedGroup("example.org")?.versions[0]?.kinds).toEqual([]);
    registry.withdraw("example.org", "v1");
    expect(registry.all()).toHaveLength(1);
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
