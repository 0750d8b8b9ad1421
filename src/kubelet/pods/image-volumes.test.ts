import { expect, test } from "vitest";
import { whyNoImageVolumes } from "./image-volumes.ts";

const version = (runtimeName: string, runtimeVersion: string) =>
  whyNoImageVolumes({ version: "0.1.0", runtimeApiVersion: "v1", runtimeName, runtimeVersion });

test.each([
  ["containerd", "v2.1.0"],
  ["containerd", "2.10.3"],
  ["containerd", "3.0.0-rc1"],
  ["cri-o", "1.31.2"],
  ["another", "0.1"],
])("%s %s mounts images", (name, text) => {
  expect(version(name, text)).toBeUndefined();
});

test("a runtime that is too old to mount images is told of", () => {
  expect(version("containerd", "1.6.20~ds1")).toBe(
    "image volumes need containerd 2.1 or later, and this node has 1.6.20~ds1",
  );
  expect(version("containerd", "v2.0.4")).toContain("2.1 or later");
});
