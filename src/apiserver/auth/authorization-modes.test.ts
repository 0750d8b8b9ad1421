import { expect, test } from "vitest";
import { authorizersOf } from "./authorization-modes.ts";
import type { Attributes, Authorizer } from "./authorizer.ts";
import { unionAuthorizer } from "./union-authorizer.ts";

const node: Authorizer = { authorize: () => ({ allowed: false, reason: "no node" }) };
const rbac: Authorizer = { authorize: () => ({ allowed: false, reason: "no role" }) };
const alice: Attributes = { kind: "path", user: { name: "alice", groups: [] }, verb: "get", path: "/x" };
const decide = (...modes: Parameters<typeof authorizersOf>[0]) =>
  unionAuthorizer(...authorizersOf(modes, { node, rbac })).authorize(alice);

test("modes are asked in their order, and the reasons of all who do not allow are told", () => {
  expect(decide("Node", "RBAC")).toEqual({ allowed: false, reason: "no node, no role" });
  expect(decide("RBAC")).toEqual({ allowed: false, reason: "no role" });
  expect(decide("RBAC", "AlwaysAllow")).toEqual({ allowed: true });
  expect(decide("AlwaysDeny")).toEqual({ allowed: false, reason: "Everything is forbidden." });
});
