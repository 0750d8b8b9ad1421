import { describe, expect, it } from "vitest";
import { covers, type PolicyRule, ruleAllowsPath, ruleAllowsResource, uncoveredRules } from "./policy-rule.ts";

const rule = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]): PolicyRule => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames && { resourceNames }),
});

describe("a rule", () => {
  it("allows the verbs, groups and resources that it lists, or all by a star", () => {
    const reader = rule(["get", "list"], [""], ["pods"]);
    expect(ruleAllowsResource(reader, "get", "", "pods", "", "p")).toBe(true);
    expect(ruleAllowsResource(reader, "delete", "", "pods", "", "p")).toBe(false);
    expect(ruleAllowsResource(reader, "get", "apps", "pods", "", "p")).toBe(false);
    expect(ruleAllowsResource(reader, "get", "", "pods/log", "log", "p")).toBe(false);
    expect(ruleAllowsResource(rule(["*"], ["*"], ["*"]), "x", "y", "z/w", "w", "")).toBe(true);
  });

  it("allows one subresource of all resources", () => {
    const scaler = rule(["update"], ["*"], ["*/scale"]);
    expect(ruleAllowsResource(scaler, "update", "apps", "deployments/scale", "scale", "d")).toBe(true);
    expect(ruleAllowsResource(scaler, "update", "apps", "deployments", "", "d")).toBe(false);
  });

  it("with names allows nothing without a name", () => {
    const one = rule(["get"], [""], ["configmaps"], ["a"]);
    expect(ruleAllowsResource(one, "get", "", "configmaps", "", "a")).toBe(true);
    expect(ruleAllowsResource(one, "get", "", "configmaps", "", "b")).toBe(false);
    expect(ruleAllowsResource(one, "get", "", "configmaps", "", "")).toBe(false);
  });

  it("allows paths by prefix", () => {
    const paths = { verbs: ["get"], nonResourceURLs: ["/api/*", "/healthz"] };
    expect(ruleAllowsPath(paths, "get", "/api/v1")).toBe(true);
    expect(ruleAllowsPath(paths, "get", "/healthz")).toBe(true);
    expect(ruleAllowsPath(paths, "get", "/healthz/etcd")).toBe(false);
    expect(ruleAllowsPath(paths, "post", "/healthz")).toBe(false);
  });
});

describe("covering", () => {
  it("may take several rules", () => {
    const held = [rule(["get"], [""], ["pods"]), rule(["list"], [""], ["pods", "nodes"])];
    expect(covers(held, rule(["get", "list"], [""], ["pods"]))).toBe(true);
    expect(uncoveredRules(held, [rule(["get", "list"], [""], ["pods", "nodes"])])).toEqual([
      { verbs: ["get"], apiGroups: [""], resources: ["nodes"] },
    ]);
  });

  it("of all names needs all names", () => {
    const held = [rule(["get"], [""], ["secrets"], ["a", "b"])];
    expect(covers(held, rule(["get"], [""], ["secrets"], ["a"]))).toBe(true);
    expect(covers(held, rule(["get"], [""], ["secrets"]))).toBe(false);
  });
});
