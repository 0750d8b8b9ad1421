import { expect, test } from "vitest";
import { OwnWrites } from "./own-writes.ts";

const at = (resourceVersion: string, uid = "u") => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { uid, resourceVersion },
});

test("a view is behind until it has what was written, by number and not by text", () => {
  const writes = new OwnWrites();
  expect(writes.isBehind(at("9"))).toBe(false);
  writes.wrote(at("10"));
  expect(writes.isBehind(at("9"))).toBe(true);
  expect(writes.isBehind(at("9", "other"))).toBe(false);
  expect(writes.isBehind(at("10"))).toBe(false);
  expect(writes.isBehind(at("9"))).toBe(false);
  writes.wrote(at("20"));
  writes.forget(at("20"));
  expect(writes.isBehind(at("9"))).toBe(false);
});
