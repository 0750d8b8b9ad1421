import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { SigningKey } from "./jwt.ts";
import { LegacyTokenUses } from "./legacy-token-uses.ts";
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

describe("a token that is kept in a secret", () => {
  const secretKey = "/registry/secrets/ns/sa-token";

  async function withSecret(labels: Record<string, string>, names: readonly string[] = []) {
    const { host, store } = await setUp(ecKey());
    const signing = new SigningKey(ecKey());
    const notes: string[] = [];
    const uses = new LegacyTokenUses(host, ({ metadata }, label, day) => {
      notes.push(`${metadata.name} ${label}=${day}`);
    });
    const verifier = new TokenVerifier(host, store, signing, issuerUrl, [issuerUrl], uses);
    const token = signing.sign({
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": "ns",
      "kubernetes.io/serviceaccount/secret.name": "sa-token",
      "kubernetes.io/serviceaccount/service-account.name": "sa",
      "kubernetes.io/serviceaccount/service-account.uid": "u1",
      sub: "system:serviceaccount:ns:sa",
    });
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "sa-token", namespace: "ns", labels },
      data: { token: Buffer.from(token).toString("base64") },
    };
    const account = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "sa", namespace: "ns", uid: "u1" },
      secrets: names.map((name) => ({ name })),
    };
    await store.commit({
      compare: [],
      operations: [
        { type: "put", key: secretKey, object: secret },
        { type: "put", key: "/registry/serviceaccounts/ns/sa", object: account },
      ],
    });
    const counted = async () => {
      const text = await host.metrics.render();
      return [...text.matchAll(/^serviceaccount_(\S+?)_total (\d+)$/gm)].map(([, name, count]) => `${name} ${count}`);
    };
    return { host, verifier, token, notes, counted };
  }

  it("is counted, and the day of its use noted", async () => {
    const { verifier, token, notes, counted } = await withSecret({});
    expect((await verifier.verify(token))?.user.name).toBe("system:serviceaccount:ns:sa");
    expect(notes).toEqual(["sa-token kubernetes.io/legacy-token-last-used=2026-01-01"]);
    expect(await counted()).toEqual(expect.arrayContaining(["legacy_tokens 1", "legacy_manual_token_uses 1"]));
  });

  it("is not noted twice a day, nor where another server's clock was ahead", async () => {
    for (const day of ["2026-01-01", "2026-01-02"]) {
      const { verifier, token, notes } = await withSecret({ "kubernetes.io/legacy-token-last-used": day });
      expect(await verifier.verify(token)).toBeDefined();
      expect(notes).toEqual([]);
    }
  });

  it("is refused when it was declared invalid, and that somebody has it is noted", async () => {
    const labels = { "kubernetes.io/legacy-token-invalid-since": "2025-12-01" };
    const { verifier, token, notes, counted } = await withSecret(labels, ["sa-token"]);
    expect(await verifier.verify(token)).toBeUndefined();
    expect(notes).toEqual(["sa-token kubernetes.io/legacy-token-last-used=2026-01-01"]);
    expect(await counted()).toContain("invalid_legacy_auto_token_uses 1");
  });
});
