import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtinKinds } from "../../api/kinds/index.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList } from "./index.ts";

const file = new URL("../../../../shared/spec/discovery.json", import.meta.url);

describe.skipIf(!existsSync(file))("against the published discovery (skipped where ../shared is absent)", () => {
  const published = () =>
    JSON.parse(readFileSync(file, "utf8")) as {
      resources: Record<string, unknown[]>;
      groups: unknown[];
      aggregated: unknown;
    };

  it("lists the groups", () => {
    expect(apiGroupList(builtinKinds()).groups).toEqual(published().groups);
  });

  it("lists every group version's resources", () => {
    for (const [apiVersion, resources] of Object.entries(published().resources)) {
      const [version = "", group = ""] = apiVersion.split("/").reverse();
      const list = apiResourceList(builtinKinds(), group, version);
      expect(list?.groupVersion).toBe(apiVersion);
      expect(list?.resources, apiVersion).toEqual(resources);
    }
  });

  it("aggregates all groups into one document", () => {
    expect(aggregatedDiscovery(builtinKinds(), "/apis")).toEqual(published().aggregated);
  });
});

describe("discovery", () => {
  it("knows nothing of what is not served", () => {
    expect(apiGroup(builtinKinds(), "nope.example.org")).toBeUndefined();
    expect(apiResourceList(builtinKinds(), "apps", "v9")).toBeUndefined();
  });

  it("keeps the core group to /api", () => {
    const core = aggregatedDiscovery(builtinKinds(), "/api", "v2beta1");
    expect(core.apiVersion).toBe("apidiscovery.k8s.io/v2beta1");
    expect(core.items).toMatchObject([{ metadata: {}, versions: [{ version: "v1" }] }]);
    expect(apiGroup(builtinKinds(), "autoscaling")).toEqual({
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
