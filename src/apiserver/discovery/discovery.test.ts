import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  builtinKinds,
  createKindRegistry,
  type DelegatedGroupVersion,
  type ServedGroup,
} from "../../api/kinds/index.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList } from "./index.ts";

const file = new URL("../../../../shared/spec/discovery.json", import.meta.url);

const registry = createKindRegistry(builtinKinds());

function group(name: string): ServedGroup {
  const found = registry.servedGroup(name);
  if (found === undefined) throw new Error(`no group ${name}`);
  return found;
}

describe.skipIf(!existsSync(file))("against the published discovery (skipped where ../shared is absent)", () => {
  const published = () =>
    JSON.parse(readFileSync(file, "utf8")) as {
      resources: Record<string, unknown[]>;
      groups: unknown[];
      aggregated: unknown;
    };

  it("lists the groups", () => {
    expect(apiGroupList(registry.served()).groups).toEqual(published().groups);
  });

  it("lists every group version's resources", () => {
    for (const [apiVersion, resources] of Object.entries(published().resources)) {
      const [version = "", name = ""] = apiVersion.split("/").reverse();
      const served = group(name).versions.find((one) => one.version === version);
      const list = served && apiResourceList(name, served);
      expect(list?.groupVersion).toBe(apiVersion);
      expect(list?.resources, apiVersion).toEqual(resources);
    }
  });

  it("aggregates all groups into one document", () => {
    expect(aggregatedDiscovery(registry.served(), "/apis")).toEqual(published().aggregated);
  });
});

describe("discovery", () => {
  it("tells of a version that another server serves what that last said, as stale while it is away", () => {
    const kinds = createKindRegistry([]);
    const delegated: DelegatedGroupVersion = {
      group: "metrics.example.org",
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 100,
      resources: [],
      isStale: true,
    };
    kinds.delegate(delegated);
    expect(aggregatedDiscovery(kinds.served(), "/apis").items).toEqual([
      {
        metadata: { name: "metrics.example.org" },
        versions: [{ version: "v1", resources: [], freshness: "Stale" }],
      },
    ]);
  });

  it("keeps the core group to /api", () => {
    const core = aggregatedDiscovery(registry.served(), "/api", "v2beta1");
    expect(core.apiVersion).toBe("apidiscovery.k8s.io/v2beta1");
    expect(core.items).toMatchObject([{ metadata: {}, versions: [{ version: "v1" }] }]);
    expect(apiGroup(group("autoscaling"))).toEqual({
      kind: "APIGroup",
      apiVersion: "v1",
      name: "autoscaling",
      versions: [
        { groupVersion: "autoscaling/v2", version: "v2" },
        { groupVersion: "autoscaling/v1", version: "v1" },
      ],
      preferredVersion: { groupVersion: "autoscaling/v2", version: "v2" },
    });
  });
});
