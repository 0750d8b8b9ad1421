import { Command } from "commander";
import { expect, test } from "vitest";
import { addAuthenticationFlags, authenticationSettings } from "./authentication-options.ts";

const parse = (...args: string[]) =>
  addAuthenticationFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(args, { from: "user" })
    .opts();

test("without flags nothing is set", () => {
  expect(parse()).toEqual({});
  expect(authenticationSettings(parse())).toEqual({});
});

test("flags of an issuer are gathered, required claims one by one", () => {
  const flags = parse(
    ...["--oidc-issuer-url", "https://x", "--oidc-client-id", "c", "--oidc-groups-claim", "g"],
    ...["--oidc-required-claim", "a=1", "--oidc-required-claim", "b=x=y", "--oidc-signing-algs", "RS256,ES256"],
  );
  expect(authenticationSettings(flags).oidc).toEqual({
    issuerUrl: "https://x",
    clientId: "c",
    groupsClaim: "g",
    requiredClaims: { a: "1", b: "x=y" },
    signingAlgorithms: ["RS256", "ES256"],
  });
});

test("modes of authorization keep their order", () => {
  expect(parse("--authorization-mode", "RBAC,Node").authorizationMode).toEqual(["RBAC", "Node"]);
});

test.each([
  ["--authorization-mode", "Node,Webhook", "Webhook is none of Node, RBAC, AlwaysAllow, AlwaysDeny"],
  ["--authorization-mode", "RBAC,RBAC", "RBAC is given more than once"],
  ["--anonymous-auth", "maybe", "It must be true or false"],
  ["--oidc-signing-algs", "HS256", "HS256 is none of"],
  ["--oidc-required-claim", "a", "It must be key=value"],
])("%s %s is refused", (flag, value, why) => {
  expect(() => parse(flag, value)).toThrow(why);
});
