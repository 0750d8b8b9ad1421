import { expect, test } from "vitest";
import { whyUnreachable } from "./unreachable.ts";

test("of a connection that could not be made the reason is told, and nothing else", () => {
  expect(
    whyUnreachable("No connection established. Last error: Error: connect ENOENT /run/some.sock. Resolution note: "),
  ).toBe("connect ENOENT /run/some.sock");
  expect(
    whyUnreachable("No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: x"),
  ).toBe("connect ECONNREFUSED 127.0.0.1:1");
  expect(whyUnreachable("No connection established")).toBe("no connection could be made");
  expect(whyUnreachable("etcdserver: too many requests")).toBeUndefined();
});
