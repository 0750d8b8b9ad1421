import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

const aggregated = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

/** Some resources of every part of the API: group/version/resource. */
const builtin = [
  "/v1/namespaces",
  "/v1/pods",
  "/v1/services",
  "/v1/serviceaccounts",
  "apps/v1/deployments",
  "apps/v1/statefulsets",
  "batch/v1/jobs",
  "autoscaling/v1/horizontalpodautoscalers",
  "autoscaling/v2/horizontalpodautoscalers",
  "authentication.k8s.io/v1/tokenreviews",
  "authorization.k8s.io/v1/selfsubjectaccessreviews",
  "certificates.k8s.io/v1/certificatesigningrequests",
  "node.k8s.io/v1/runtimeclasses",
  "storage.k8s.io/v1/csinodes",
  "admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  "apiextensions.k8s.io/v1/customresourcedefinitions",
  "apiregistration.k8s.io/v1/apiservices",
  "coordination.k8s.io/v1/leases",
  "discovery.k8s.io/v1/endpointslices",
  "events.k8s.io/v1/events",
  "networking.k8s.io/v1/ingresses",
  "policy/v1/poddisruptionbudgets",
  "rbac.authorization.k8s.io/v1/roles",
  "scheduling.k8s.io/v1/priorityclasses",
  "storage.k8s.io/v1/storageclasses",
];

function resourcesIn(list: Json): Set<string> {
  const found = new Set<string>();
  for (const group of list.items) {
    for (const version of group.versions) {
      for (const resource of version.resources) {
        found.add(`${group.metadata?.name ?? ""}/${version.version}/${resource.resource}`);
      }
    }
  }
  return found;
}

async function allAggregated(accept: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const path of ["/api", "/apis"]) {
    const answer = await suite.api.call("GET", path, { headers: { accept } });
    expect(answer.status).toBe(200);
    expect(answer.body.kind).toBe("APIGroupDiscoveryList");
    for (const name of resourcesIn(answer.body)) found.add(name);
  }
  return found;
}

test("Aggregated Discovery Interface", async () => {
  // What a client library sends: it takes whichever form the server has.
  const accept = [aggregated("v2"), aggregated("v2beta1"), "application/json"].join(",");
  const found = await allAggregated(accept);
  for (const name of builtin) expect(found).toContain(name);
});

test("Aggregated Discovery Endpoint Accept Headers", async () => {
  const { api } = suite;
  const found = await allAggregated(aggregated("v2"));
  for (const name of builtin) expect(found).toContain(name);
  const typed = await api.call("GET", "/apis", { headers: { accept: aggregated("v2") } });
  expect(typed.headers["content-type"]).toContain("as=APIGroupDiscoveryList");
  expect(typed.headers["content-type"]).toContain("v=v2");
  expect(typed.body.apiVersion).toBe("apidiscovery.k8s.io/v2");
  const plain = await api.call("GET", "/apis", { headers: { accept: "application/json" } });
  expect(plain.body.kind).toBe("APIGroupList");
});

test("Discovery, confirm the PreferredVersion for each api group", async () => {
  const { groups } = await suite.api.get("/apis/");
  expect(groups.length).toBeGreaterThan(15);
  for (const { name, preferredVersion, versions } of groups) {
    // Clients ask with a slash at the end, too.
    const alone = await suite.api.get(`/apis/${name}/`);
    expect(versions).toContainEqual(preferredVersion);
    expect(alone.preferredVersion).toEqual(preferredVersion);
    expect(alone.versions).toContainEqual(preferredVersion);
  }
});

test("Discovery, confirm the groupVerion and a resourcefrom each apiGroup", async () => {
  const { groups } = await suite.api.get("/apis");
  for (const group of groups) {
    const { groupVersion } = group.preferredVersion;
    const list = await suite.api.get(`/apis/${groupVersion}`);
    expect(list).toMatchObject({ kind: "APIResourceList", groupVersion });
    expect(list.resources.length).toBeGreaterThan(0);
    for (const { name, kind, verbs } of list.resources) expect([name, kind, verbs.length]).not.toContain("");
  }
  for (const one of builtin) {
    const [group = "", version = "", resource = ""] = one.split("/");
    const list = await suite.api.get(group === "" ? `/api/${version}` : `/apis/${group}/${version}`);
    expect(list.groupVersion).toBe(group === "" ? version : `${group}/${version}`);
    expect(list.resources.map(({ name }: Json) => name)).toContain(resource);
  }
  // Clients of built-in types prefer protobuf, also for what they discover.
  const accept = "application/vnd.kubernetes.protobuf, */*";
  for (const path of ["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1"]) {
    const { status, headers } = await suite.api.call("GET", path, { headers: { accept } });
    expect([path, status, headers["content-type"]]).toEqual([path, 200, "application/vnd.kubernetes.protobuf"]);
  }
});

test("Confirm a server version", async () => {
  const version = await suite.api.get("/version");
  expect(version.major).toMatch(/^\d+$/);
  // Distributions may add a plus sign, no more.
  expect(version.minor.replace("+", "")).toMatch(/^\d+$/);
  expect(version.gitVersion).toMatch(/^v\d+\.\d+\.\d+/);
});
