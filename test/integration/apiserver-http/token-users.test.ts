import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuthenticationSettings, openAuthentication } from "../../../src/cluster/authentication.ts";
import { silentLogger, systemHost } from "../../../src/host/index.ts";
import { type Answer, http1Client } from "./clients.ts";
import { testCertificates } from "./test-certificates.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let folder: string;
let issuer: Server;
let url: string;
let ca: string;
const host = { ...systemHost(), log: silentLogger };
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-384" });
const published = [
  { ...rsa.publicKey.export({ format: "jwk" }), kid: "r", use: "sig" },
  { ...ec.publicKey.export({ format: "jwk" }), kid: "e", use: "sig" },
];
let asked = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sampan-tokens-"));
  const certificates = await testCertificates(host);
  ca = certificates.ca;
  issuer = createServer({ cert: certificates.server.cert, key: certificates.server.key }, ({ url: path }, answer) => {
    asked++;
    const document = path === "/keys" ? { keys: published } : { issuer: url, jwks_uri: `${url}/keys` };
    answer.end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
});
afterAll(() => {
  issuer.close();
  issuer.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(claims: object, key: KeyObject = rsa.privateKey, header: object = { alg: "RS256", kid: "r" }): string {
  const now = Math.floor(Date.now() / 1000);
  const content = `${encode(header)}.${encode({ iss: url, aud: "sampan", sub: "u1", exp: now + 60, ...claims })}`;
  const hash = (header as { alg: string }).alg.endsWith("384") ? "sha384" : "sha256";
  return `${content}.${sign(hash, Buffer.from(content), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** Runs a server with the settings, and asks it who somebody is. */
async function withServer(
  settings: AuthenticationSettings,
  work: (who: (token: string) => Promise<Answer>, server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startTestServer({ config: await openAuthentication(host, settings) });
  try {
    const call = http1Client(server);
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    await work(
      (bearer) => call("POST", path, { as: null, headers: { authorization: `Bearer ${bearer}` }, body }),
      server,
    );
  } finally {
    await server.stop();
  }
}

describe("a file of tokens", () => {
  it("tells who has which, with uid and groups", async () => {
    const tokenAuthFile = file("tokens.csv", 'secret1,alice,a-1,"dev,ops"\n\nsecret2,bob,b-1\n');
    await withServer({ tokenAuthFile }, async (who, server) => {
      const { status } = (await who("secret1")).body;
      expect(status.userInfo).toEqual({
        username: "alice",
        uid: "a-1",
        groups: ["dev", "ops", "system:authenticated"],
      });
      expect((await who("secret2")).body.status.userInfo.groups).toEqual(["system:authenticated"]);
      expect((await who("secret3")).status).toBe(401);
      const review = async (spec: object) => {
        const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec };
        return (await http1Client(server)("POST", "/apis/authentication.k8s.io/v1/tokenreviews", { body })).body.status;
      };
      expect(await review({ token: "secret1" })).toMatchObject({ authenticated: true, user: { username: "alice" } });
      expect(await review({ token: "secret1", audiences: ["vault"] })).toMatchObject({ error: "invalid bearer token" });
    });
  });

  it("has at least three columns", async () => {
    const tokenAuthFile = file("short.csv", "secret,alice\n");
    await expect(openAuthentication(host, { tokenAuthFile })).rejects.toThrow(
      "must have at least 3 columns (token, user name, user uid), found 2",
    );
  });
});

describe("an issuer by flags", () => {
  const oidc = () => ({ issuerUrl: url, clientId: "sampan", caFile: file("ca.pem", ca) });

  it("is believed as long as its keys signed, the audience is meant and the time is right", async () => {
    await withServer({ oidc: oidc() }, async (who) => {
      const { userInfo } = (await who(token({}))).body.status;
      expect(userInfo).toMatchObject({ username: `${url}#u1`, groups: ["system:authenticated"] });
      const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
      for (const [why, wrong] of [
        ["another key", token({}, stranger)],
        ["another audience", token({ aud: ["other"] })],
        ["another issuer", token({ iss: "https://other" })],
        ["in the past", token({ exp: 1000 })],
        ["without an end", token({ exp: undefined })],
        ["an algorithm that is not allowed", token({}, ec.privateKey, { alg: "ES384", kid: "e" })],
        ["no algorithm", `${encode({ alg: "none" })}.${token({}).split(".")[1]}.`],
      ] as const) {
        expect((await who(wrong)).status, why).toBe(401);
      }
    });
  });

  it("asks for the keys once, however many tokens come", async () => {
    await withServer({ oidc: oidc() }, async (who) => {
      asked = 0;
      const answers = await Promise.all(Array.from({ length: 8 }, () => who(token({}))));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
      expect(asked).toBe(2);
    });
  });

  it("may name the claims of names and groups, what they must have, and prefixes", async () => {
    const settings = {
      ...oidc(),
      usernameClaim: "email",
      groupsClaim: "roles",
      groupsPrefix: "oidc:",
      requiredClaims: { hd: "example.org" },
      signingAlgorithms: ["ES384"],
    };
    await withServer({ oidc: settings }, async (who) => {
      const es = { alg: "ES384", kid: "e" };
      const claims = { email: "a@example.org", email_verified: true, roles: ["x", "y"], hd: "example.org" };
      const { userInfo } = (await who(token(claims, ec.privateKey, es))).body.status;
      expect(userInfo).toMatchObject({
        username: "a@example.org",
        groups: ["oidc:x", "oidc:y", "system:authenticated"],
      });
      expect((await who(token({ ...claims, hd: "evil" }, ec.privateKey, es))).status).toBe(401);
      expect((await who(token({ ...claims, email_verified: false }, ec.privateKey, es))).status).toBe(401);
    });
  });

  it("needs both its address and an audience", async () => {
    await expect(openAuthentication(host, { oidc: { issuerUrl: "https://x" } })).rejects.toThrow(
      "oidc-issuer-url and oidc-client-id must be specified together",
    );
    await expect(openAuthentication(host, { oidc: { issuerUrl: "http://x", clientId: "c" } })).rejects.toThrow(
      "URL scheme must be https",
    );
  });
});

describe("an AuthenticationConfiguration", () => {
  const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";

  it("names issuers, and paths that anybody may ask for", async () => {
    const indented = ca.trim().split("\n").join("\n      ");
    const authenticationConfig = file(
      "authn.yaml",
      `${head}jwt:
- issuer:
    url: ${url}
    audiences: [sampan, other]
    audienceMatchPolicy: MatchAny
    certificateAuthority: |
      ${indented}
  claimMappings:
    username: {claim: sub, prefix: "jwt:"}
    groups: {claim: groups, prefix: ""}
    uid: {claim: uid}
  claimValidationRules: [{claim: tenant, requiredValue: t1}]
anonymous:
  enabled: true
  conditions: [{path: /livez}]
`,
    );
    await withServer({ authenticationConfig }, async (who, server) => {
      const claims = { aud: ["x", "other"], groups: "one", uid: "u-7", tenant: "t1" };
      const { userInfo } = (await who(token(claims))).body.status;
      expect(userInfo).toMatchObject({ username: "jwt:u1", uid: "u-7", groups: ["one", "system:authenticated"] });
      expect((await who(token({ ...claims, tenant: "t2" }))).status).toBe(401);
      const call = http1Client(server);
      expect((await call("GET", "/livez?verbose", { as: null })).status).toBe(200);
      expect((await call("GET", "/readyz", { as: null })).status).toBe(401);
    });
  });

  it.each([
    ["jwt: [{}]", "jwt[0].issuer.url: Required value: URL is required"],
    ["jwt: [{issuer: {url: 'http://x', audiences: [a]}}]", "URL scheme must be https"],
    [
      "jwt: [{issuer: {url: 'https://x', audiences: [a, b]}}]",
      "audienceMatchPolicy must be MatchAny for multiple audiences",
    ],
    [
      "jwt: [{issuer: {url: 'https://x', audiences: [a]}, claimMappings: {username: {claim: sub}}}]",
      "prefix is required when claim is set",
    ],
    [
      "jwt: [{issuer: {url: 'https://x', audiences: [a]}, claimMappings: {username: {expression: claims.sub}}}]",
      "jwt[0].claimMappings.username.expression: Forbidden: expressions are not supported here",
    ],
    [
      "anonymous: {enabled: false, conditions: [{path: /x}]}",
      "enabled should be set to true when conditions are defined",
    ],
  ])("is refused at the start: %s", async (text, why) => {
    const authenticationConfig = file("bad.yaml", `${head}${text}\n`);
    await expect(openAuthentication(host, { authenticationConfig })).rejects.toThrow(why);
  });

  it("leaves no room for the flags that it replaces", async () => {
    const authenticationConfig = file("anonymous.yaml", `${head}anonymous: {enabled: false}\n`);
    await expect(openAuthentication(host, { authenticationConfig, anonymousAuth: true })).rejects.toThrow(
      "--anonymous-auth flag cannot be set when anonymous field is configured",
    );
    await expect(openAuthentication(host, { authenticationConfig, oidc: {} })).rejects.toThrow("mutually exclusive");
  });
});

it("without anonymous requests nobody gets in who shows nothing", async () => {
  await withServer({ anonymousAuth: false }, async (_, server) => {
    expect((await http1Client(server)("GET", "/livez", { as: null })).status).toBe(401);
  });
});
