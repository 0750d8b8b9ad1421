import { expect, test } from "vitest";
import { builtinKinds } from "./builtin.ts";
import { servedKinds } from "./runtime-config.ts";

const kinds = builtinKinds();
const versionsUnder = (config: string): Set<string> =>
  new Set(servedKinds(kinds, config).map(({ group, version }) => (group === "" ? version : `${group}/${version}`)));

test("stable versions are served, beta and alpha ones when they are switched on", () => {
  const byDefault = versionsUnder("");
  expect([...byDefault].filter((version) => /alpha|beta/.test(version))).toEqual([]);
  expect(byDefault).toContain("apps/v1");
  expect(versionsUnder("api/beta=true")).toContain("networking.k8s.io/v1beta1");
  expect(versionsUnder("api/beta=true")).not.toContain("scheduling.k8s.io/v1alpha2");
  expect(servedKinds(kinds, "api/all=true")).toEqual(kinds);
});

test("the special wins over the general, wherever it stands", () => {
  const served = versionsUnder("networking.k8s.io/v1beta1=false,api/beta=true");
  expect(served).toContain("storage.k8s.io/v1beta1");
  expect(served).not.toContain("networking.k8s.io/v1beta1");
  expect(versionsUnder("api/all=false,v1,apps/v1=true")).toEqual(new Set(["v1", "apps/v1"]));
});

test("a single resource can be left out", () => {
  const served = servedKinds(kinds, "batch/v1/cronjobs=false").map(({ resource }) => resource);
  expect(served).not.toContain("cronjobs");
  expect(served).toContain("jobs");
});

test.each([
  ["apps/v9=true", "unknown api groups or versions in runtime-config: apps/v9"],
  ["api/all=maybe", "runtime-config invalid value api/all=maybe"],
])("%s is refused", (config, message) => {
  expect(() => servedKinds(kinds, config)).toThrow(message);
});
