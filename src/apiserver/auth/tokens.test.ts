import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { SigningKey } from "./jwt.ts";
import { TokenIssuer } from "./token-issuer.ts";
import { TokenVerifier } from "./token-verifier.ts";

const issuerUrl = "https://kubernetes.default.svc.cluster.local";
const pem = (pair: { privateKey: { export(options: { type: "pkcs8"; format: "pem" }): string | Buffer } }) =>
  pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const ecKey = () => pem(generateKeyPairSync("ec", { namedCurve: "P-256" }));
const rsaKey = () => pem(generateKeyPairSync("rsa", { modulusLength: 2048 }));

async function setUp(keyPem: string) {
  const host = testHost();
  const store = createMemoryStore(host);
  const object = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "sa", namespace: "ns", uid: "u1" } };
  const key = "/registry/serviceaccounts/ns/sa";
  await store.commit({ compare: [], operations: [{ type: "put", key, object }] });
  const signing = new SigningKey(keyPem);
  const issuer = new TokenIssuer(host, signing, issuerUrl);
  const verifier = new TokenVerifier(host, store, signing, issuerUrl);
  const spec = { namespace: "ns", serviceAccount: { name: "sa", uid: "u1" }, audiences: [], expirationSeconds: 600 };
  return { host, store, key, issuer, verifier, spec };
}

describe.each([
  ["EC", ecKey],
  ["RSA", rsaKey],
])("tokens signed with an %s key", (_name, makeKey) => {
  it("say who the service account is", async () => {
    const { issuer, verifier, spec } = await setUp(makeKey());
    const pod = { name: "p", uid: "pu" };
    const { token } = issuer.issue(spec);
    const verified = await verifier.verify(token);
    expect(verified?.user).toMatchObject({ name: "system:serviceaccount:ns:sa", uid: "u1" });
    // The pod does not exist.
    expect(await verifier.verify(issuer.issue({ ...spec, pod }).token)).toBeUndefined();
  });
});

describe("a token", () => {
  it("ends with its time", async () => {
    const { host, issuer, verifier, spec } = await setUp(ecKey());
    const { token, expirationTimestamp } = issuer.issue(spec);
    expect(expirationTimestamp).toBe("2026-01-01T00:10:00Z");
    await host.clock.advance(599_000);
    expect(await verifier.verify(token)).toBeDefined();
    await host.clock.advance(1000);
    expect(await verifier.verify(token)).toBeUndefined();
  });

  it("ends with its service account, at the latest after the time it is remembered", async () => {
    const { host, store, key, issuer, verifier, spec } = await setUp(ecKey());
    const { token } = issuer.issue(spec);
    expect(await verifier.verify(token)).toBeDefined();
    await store.commit({ compare: [], operations: [{ type: "delete", key }] });
    await host.clock.advance(10_000);
    expect(await verifier.verify(token)).toBeUndefined();
  });

  it("is for its audiences alone", async () => {
    const { issuer, verifier, spec } = await setUp(ecKey());
    const { token } = issuer.issue({ ...spec, audiences: ["a", "b"] });
    expect(await verifier.verify(token)).toBeUndefined();
    expect((await verifier.verify(token, ["b", "c"]))?.audiences).toEqual(["b"]);
  });

  it("of another key, issuer or form is none", async () => {
    const { issuer, spec, verifier } = await setUp(ecKey());
    const { verifier: other } = await setUp(ecKey());
    expect(await other.verify(issuer.issue(spec).token)).toBeUndefined();
    for (const junk of ["", "a", "a.b.c", "..", `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`]) {
      expect(await verifier.verify(junk)).toBeUndefined();
    }
  });

  it("lives a year for old clients that never ask again", async () => {
    const { host, issuer, verifier, spec, store } = await setUp(ecKey());
    const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "ns", uid: "pu" } };
    await store.commit({ compare: [], operations: [{ type: "put", key: "/registry/pods/ns/p", object }] });
    const { token } = issuer.issue({ ...spec, pod: { name: "p", uid: "pu" }, expirationSeconds: 3607 });
    await host.clock.advance(300 * 24 * 3600 * 1000);
    const { extra } = (await verifier.verify(token))?.user ?? {};
    expect(extra?.["authentication.kubernetes.io/pod-name"]).toEqual(["p"]);
  });
});
