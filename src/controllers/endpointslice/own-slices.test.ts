import { expect, test } from "vitest";
import type { EndpointSlice } from "../../api/types/index.ts";
import { testHost } from "../../host/index.ts";
import { OwnSlices } from "./own-slices.ts";

const slice = (name: string, resourceVersion: string): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name, resourceVersion },
  addressType: "IPv4",
  endpoints: [],
});

test("a view without a slice that was written, or with one that was deleted, is behind", () => {
  const own = new OwnSlices(testHost().clock);
  own.wrote("s", slice("a", "9"));
  own.wrote("s", slice("a", "10"));
  expect(own.isBehind("s", [])).toBe(true);
  expect(own.isBehind("s", [slice("a", "9")])).toBe(true);
  expect(own.isBehind("other", [])).toBe(false);
  expect(own.isBehind("s", [slice("a", "10")])).toBe(false);
  expect(own.isBehind("s", [])).toBe(false);
  own.deleted("s", "a");
  expect(own.isBehind("s", [slice("a", "10")])).toBe(true);
  expect(own.isBehind("s", [])).toBe(false);
});

test("what was seen, or seen to go, is waited for no longer", () => {
  const own = new OwnSlices(testHost().clock);
  own.wrote("s", slice("a", "10"));
  own.saw("s", slice("a", "9"));
  expect(own.isBehind("s", [])).toBe(true);
  own.saw("s", slice("a", "12"));
  expect(own.isBehind("s", [])).toBe(false);
  own.wrote("s", slice("b", "20"));
  own.gone("s", "b");
  expect(own.isBehind("s", [])).toBe(false);
});

test("what never comes is waited for five minutes", async () => {
  const { clock } = testHost();
  const own = new OwnSlices(clock);
  own.wrote("s", slice("a", "10"));
  await clock.advance(299_000);
  expect(own.isBehind("s", [])).toBe(true);
  await clock.advance(2000);
  expect(own.isBehind("s", [])).toBe(false);
});
