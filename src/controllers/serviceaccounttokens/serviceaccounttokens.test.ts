import { generateKeyPairSync, verify } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { accountNameAnnotation, tokenSecretType } from "./secret-type.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const serviceAccountPrivateKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

async function account(secrets: string[] = []) {
  const metadata = { namespace: "default", name: "robot" };
  const names = secrets.map((name) => ({ name }));
  await cluster.client.resource(resources.serviceaccounts).create({ metadata, secrets: names });
}

async function secret(name: string, labels?: Record<string, string>) {
  const annotations = { [accountNameAnnotation]: "robot" };
  const metadata = { namespace: "default", name, annotations, labels };
  await cluster.client.resource(resources.secrets).create({ metadata, type: tokenSecretType });
  await cluster.settle();
}

test("a secret that asks for a token gets one, the namespace and the CA, and goes with its account", async () => {
  cluster = await testCluster(["serviceaccount-token-controller"], { serviceAccountPrivateKey, rootCA: "PEM" });
  await account();
  await secret("token");
  const { data = {}, metadata } = await cluster.one(resources.secrets, "token");
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  expect([text("namespace"), text("ca.crt")]).toEqual(["default", "PEM"]);
  const { uid } = (await cluster.one(resources.serviceaccounts, "robot")).metadata;
  expect(metadata.annotations?.["kubernetes.io/service-account.uid"]).toBe(uid);
  const [header = "", claims = "", signature = ""] = text("token").split(".");
  expect(verify("sha256", Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, "base64url"))).toBe(
    true,
  );
  expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toEqual({
    iss: "kubernetes/serviceaccount",
    "kubernetes.io/serviceaccount/namespace": "default",
    "kubernetes.io/serviceaccount/secret.name": "token",
    "kubernetes.io/serviceaccount/service-account.name": "robot",
    "kubernetes.io/serviceaccount/service-account.uid": uid,
    sub: "system:serviceaccount:default:robot",
  });
  expect(cluster.writes()).toEqual(["update secrets token"]);
  await cluster.client.resource(resources.serviceaccounts).delete({ namespace: "default", name: "robot" });
  await cluster.settle();
  expect(await cluster.all(resources.secrets)).toEqual([]);
});

test("a secret of an account that there is not is deleted", async () => {
  cluster = await testCluster(["serviceaccount-token-controller"], { serviceAccountPrivateKey });
  await secret("token");
  expect(await cluster.all(resources.secrets)).toEqual([]);
});

test("an unused token of old is first declared invalid, then deleted; others stay", async () => {
  const dayMs = 24 * 3_600_000;
  cluster = await testCluster(["legacy-serviceaccount-token-cleaner-controller"], {
    legacyTokenCleanUpPeriodMs: 3 * dayMs,
  });
  await cluster.client.resource(resources.namespaces).create({ metadata: { name: "kube-system" }, spec: {} });
  const since = new Date(cluster.host.clock.now()).toISOString().slice(0, 10);
  await cluster.client.resource(resources.configmaps).create({
    metadata: { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" },
    data: { since },
  });
  await account(["old", "mounted"]);
  for (const name of ["old", "mounted", "by-hand"]) await secret(name);
  const volumes = [{ name: "v", secret: { secretName: "mounted" } }];
  await cluster.client.resource(resources.pods).create({
    metadata: { namespace: "default", name: "p" },
    spec: { containers: [{ name: "c", image: "i" }], volumes },
  });
  const names = async () => (await cluster.all(resources.secrets)).map(({ metadata }) => metadata.name);
  const isInvalid = async () =>
    (await cluster.one(resources.secrets, "old")).metadata.labels?.["kubernetes.io/legacy-token-invalid-since"];
  await cluster.settle(2 * dayMs);
  expect(await isInvalid()).toBeUndefined();
  await cluster.settle(2 * dayMs);
  expect(await isInvalid()).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(await names()).toEqual(["by-hand", "mounted", "old"]);
  await cluster.settle(4 * dayMs);
  expect(await names()).toEqual(["by-hand", "mounted"]);
});
