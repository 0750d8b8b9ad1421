import { describe, expect, it } from "vitest";
import { builtinKinds, createKindRegistry } from "../../../api/kinds/index.ts";
import type { KubeObject } from "../../../api/meta/index.ts";
import type { Attributes } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { type MatchCriteria, matchRequest } from "./request-matching.ts";

const kinds = createKindRegistry(builtinKinds());
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "n", labels: { env: "test" } } };
const lookup: Lookup = {
  get: (_group, _resource, _namespace, name) => Promise.resolve(name === "n" ? namespace : undefined),
  list: () => Promise.resolve([]),
};

function request(group: string, version: string, resource: string, more: Partial<Attributes> = {}): Attributes {
  const kind = kinds.byResource(group, version, resource);
  if (kind === undefined) throw new Error(`there is no ${resource}`);
  const object: KubeObject = { apiVersion: version, kind: kind.kind, metadata: { name: "x", labels: { app: "web" } } };
  const user = { name: "alice", groups: [] };
  const about = { namespace: kind.namespaced ? "n" : "", name: "x", subresource: "" };
  return { operation: "CREATE", kind, ...about, object, user, dryRun: false, warn: () => undefined, ...more };
}

const rule = { operations: ["CREATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] };
const deployment = request("apps", "v1", "deployments");
const scaler = request("autoscaling", "v2", "horizontalpodautoscalers");
const older = { ...rule, apiGroups: ["autoscaling"], apiVersions: ["v1"], resources: ["horizontalpodautoscalers"] };
const all = { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"] };

describe("requests match", () => {
  it.each<[string, MatchCriteria | undefined, Attributes, string | undefined]>([
    ["without criteria", undefined, deployment, "v1"],
    ["by a rule", { resourceRules: [rule] }, deployment, "v1"],
    ["not with another operation", { resourceRules: [rule] }, { ...deployment, operation: "UPDATE" }, undefined],
    ["not with a subresource", { resourceRules: [rule] }, { ...deployment, subresource: "status" }, undefined],
    [
      "by a subresource of all",
      { resourceRules: [{ ...all, resources: ["*/status"] }] },
      { ...deployment, subresource: "status" },
      "v1",
    ],
    ["by all", { resourceRules: [{ ...all, resources: ["*/*"] }] }, deployment, "v1"],
    ["in an equivalent version", { resourceRules: [older] }, scaler, "v1"],
    ["only exactly", { resourceRules: [older], matchPolicy: "Exact" }, scaler, undefined],
    ["unless excluded", { resourceRules: [rule], excludeResourceRules: [rule] }, deployment, undefined],
    ["by name", { resourceRules: [{ ...rule, resourceNames: ["y"] }] }, deployment, undefined],
    ["by scope", { resourceRules: [{ ...rule, scope: "Cluster" }] }, deployment, undefined],
    [
      "a namespace as one of the cluster",
      { resourceRules: [{ ...all, resources: ["namespaces"], scope: "Cluster" }] },
      request("", "v1", "namespaces", { namespace: "x" }),
      "v1",
    ],
    ["by the object's labels", { objectSelector: { matchLabels: { app: "db" } } }, deployment, undefined],
    ["by the namespace's labels", { namespaceSelector: { matchLabels: { env: "test" } } }, deployment, "v1"],
    ["not in other namespaces", { namespaceSelector: { matchLabels: { env: "prod" } } }, deployment, undefined],
    [
      "outside of namespaces in spite of a selector",
      { namespaceSelector: { matchLabels: { env: "prod" } } },
      request("", "v1", "nodes"),
      "v1",
    ],
  ])("%s", async (_, criteria, attributes, version) => {
    expect((await matchRequest(criteria, attributes, kinds, lookup))?.version).toBe(version);
  });

  it("only in a namespace that is there", async () => {
    const criteria = { namespaceSelector: { matchLabels: { env: "test" } } };
    const elsewhere = { ...deployment, namespace: "gone" };
    await expect(matchRequest(criteria, elsewhere, kinds, lookup)).rejects.toThrow('namespaces "gone" not found');
  });
});
