import { expect, test } from "vitest";
import { firstServiceIP } from "../apiserver/index.ts";
import { PodRangeError, podRangeFor } from "./pod-range.ts";

const services = "10.96.0.0/16";

test.each([
  [1, "10.244.0.0/16"],
  [256, "10.244.0.0/16"],
  [257, "10.244.0.0/15"],
  [1000, "10.244.0.0/14"],
  [5000, "10.224.0.0/11"],
  [20_000, "10.128.0.0/9"],
])("%i nodes get a /24 each out of %s", (nodes, clusterCIDR) => {
  expect(podRangeFor("10.244.0.0/16", services, nodes)).toEqual({ clusterCIDR, nodeMaskSize: 24 });
});

test("what would reach into the services' range is refused", () => {
  expect(() => podRangeFor("10.244.0.0/16", services, 40_000)).toThrow(PodRangeError);
});

test.each([
  ["10.96.0.0/16", "10.96.0.1"],
  ["10.96.7.9/16", "10.96.0.1"],
  ["172.30.0.0/24", "172.30.0.1"],
  ["192.168.255.128/25", "192.168.255.129"],
])("the first service address of %s is %s", (cidr, first) => {
  expect(firstServiceIP(cidr)).toBe(first);
});
