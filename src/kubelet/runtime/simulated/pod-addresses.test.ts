import { expect, test } from "vitest";
import { PodAddresses } from "./pod-addresses.ts";

test("addresses are given out in turn and never twice", () => {
  const addresses = new PodAddresses("10.1.2.0/29");
  const taken = Array.from({ length: 6 }, () => addresses.take());
  expect(taken).toEqual(["10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6", undefined]);
});

test("a released address is another's only after all others had their turn", () => {
  const addresses = new PodAddresses("10.1.2.0/29");
  addresses.take();
  addresses.release("10.1.2.2");
  expect([addresses.take(), addresses.take(), addresses.take(), addresses.take(), addresses.take()]).toEqual([
    "10.1.2.3",
    "10.1.2.4",
    "10.1.2.5",
    "10.1.2.6",
    "10.1.2.2",
  ]);
});

test("a reserved address is not given out", () => {
  const addresses = new PodAddresses("10.1.2.0/24");
  expect(addresses.reserve("10.1.2.2")).toBe(true);
  expect(addresses.reserve("10.1.2.2")).toBe(false);
  expect(addresses.reserve("10.9.9.9")).toBe(false);
  expect(addresses.take()).toBe("10.1.2.3");
});

test("a range without room, or not of IPv4, is refused", () => {
  expect(() => new PodAddresses("fd00::/64")).toThrow(/IPv4/);
  expect(() => new PodAddresses("10.0.0.0/31")).toThrow(/room/);
});
