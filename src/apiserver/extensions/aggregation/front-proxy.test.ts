import { expect, test } from "vitest";
import { userHeaders } from "./front-proxy.ts";
import { onwardHeaders } from "./proxy.ts";

const jane = {
  name: "jane",
  uid: "u-1",
  groups: ["dev", "a, b"],
  extra: { "authentication.kubernetes.io/node-name": ["n-1"], "Scopes%": ["x", "y"] },
};

test("another server is told who asks, with keys that a header may hold", () => {
  expect(userHeaders(jane)).toEqual({
    "x-remote-user": "jane",
    "x-remote-uid": "u-1",
    "x-remote-group": ["dev", "a, b"],
    "x-remote-extra-authentication.kubernetes.io%2Fnode-name": ["n-1"],
    "x-remote-extra-scopes%25": ["x", "y"],
  });
});

test("what a client shows to prove who it is stays here, and what it claims to be counts for nothing", () => {
  const sent = {
    accept: "application/json",
    authorization: "Bearer secret",
    "impersonate-user": "root",
    "x-remote-user": "root",
    "x-remote-group": "system:masters",
    "x-remote-extra-scopes": "all",
    connection: "keep-alive",
    host: "api.example.org",
  };
  expect(onwardHeaders(sent, { name: "bob", groups: ["dev"] })).toEqual({
    accept: "application/json",
    "x-remote-user": "bob",
    "x-remote-group": ["dev"],
    "x-forwarded-host": "api.example.org",
    "x-forwarded-proto": "https",
  });
});
