import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectLifecycle } from "../support/lifecycle.ts";
import { core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { isReady, pod } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 1 } });

const accounts = (namespace: string) => core(namespace, "serviceaccounts");

test("ServiceAccount lifecycle test", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const watching = await api.watch(accounts(namespace), labelled("test-serviceaccount-static=true"));
  const labels = { "test-serviceaccount-static": "true" };
  await api.create(accounts(namespace), { metadata: { name: "testserviceaccount", labels } });
  await watching.next(({ type }) => type === "ADDED");
  const patched = await api.patch(`${accounts(namespace)}/testserviceaccount`, "strategic", {
    metadata: { creationTimestamp: null },
    automountServiceAccountToken: false,
  });
  expect(patched.metadata.creationTimestamp).toBeTruthy();
  await watching.next(({ type }) => type === "MODIFIED");
  expect(patched.automountServiceAccountToken).toBe(false);
  const { items } = await api.get(`/api/v1/serviceaccounts?${labelled("test-serviceaccount-static=true")}`);
  expect(items.map((item: Json) => item.automountServiceAccountToken)).toEqual([false]);
  await api.delete(accounts(namespace), {});
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
});

test("ServiceAccount, update a ServiceAccount", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const { automountServiceAccountToken } = await api.create(accounts(namespace), {
    metadata: { name: "e2e" },
    automountServiceAccountToken: false,
  });
  expect(automountServiceAccountToken).toBe(false);
  const updated = await api.edit(`${accounts(namespace)}/e2e`, (object) => {
    object.automountServiceAccountToken = true;
  });
  expect(updated.automountServiceAccountToken).toBe(true);
});

test("ServiceAccount, create and review token", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(accounts(namespace), { metadata: { name: "e2e" } });
  const issued = await api.create(`${accounts(namespace)}/e2e/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {},
  });
  expect(issued.status.token).toBeTruthy();
  const review = await api.create("/apis/authentication.k8s.io/v1/tokenreviews", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token: issued.status.token },
  });
  expect(review.status.authenticated).toBe(true);
  expect(review.status.error).toBeUndefined();
  expect(review.status.user.username).toBe(`system:serviceaccount:${namespace}:e2e`);
});

test("RootCA ConfigMap test", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${core(namespace, "configmaps")}/kube-root-ca.crt`;
  const isWhole = ({ data }: Json) => data?.["ca.crt"] === suite.cluster.kubeconfig.caPem;
  const made = await api.until(path, isWhole);
  expect(new X509Certificate(made.data["ca.crt"]).ca).toBe(true);
  await api.delete(path, { gracePeriodSeconds: 0 });
  await api.until(path, (object) => object.metadata.uid !== made.metadata.uid && isWhole(object));
  await api.update(path, { metadata: { name: "kube-root-ca.crt" }, data: { "ca.crt": "" } });
  await api.until(path, isWhole);
});

test("SubjectReview, API Operations", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const { metadata } = await api.create(accounts(namespace), { metadata: { name: "e2e" } });
  const user = `system:serviceaccount:${namespace}:e2e`;
  const groups = ["system:authenticated", "system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  const attributes = { verb: "list", resource: "configmaps", version: "v1", namespace };
  const answers = async () => {
    const review = (kind: string) => ({
      apiVersion: "authorization.k8s.io/v1",
      kind,
      metadata: kind.startsWith("Local") ? { namespace } : {},
      spec: { resourceAttributes: attributes, user, groups, uid: metadata.uid },
    });
    const global = await api.create(
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      review("SubjectAccessReview"),
    );
    const local = await api.create(
      `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`,
      review("LocalSubjectAccessReview"),
    );
    const real = await api.call("GET", core(namespace, "configmaps"), {
      headers: { "impersonate-user": user, "impersonate-uid": metadata.uid, "impersonate-group": groups },
    });
    return [global.status.allowed, local.status.allowed, real.status === 200];
  };
  expect(await answers()).toEqual([false, false, false]);
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;
  await api.create(rbac, {
    metadata: { name: "view" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name: "e2e", namespace }],
  });
  expect(await answers()).toEqual([true, true, true]);
});

test("CertificateSigningRequest API", async () => {
  const { api } = suite;
  // A real request, made once with openssl for CN=e2e.example.com.
  const spec = {
    request: Buffer.from(signingRequest).toString("base64"),
    signerName: "example.com/e2e",
    expirationSeconds: 3600,
    usages: ["digital signature", "key encipherment", "server auth"],
  };
  await expectLifecycle(api, {
    group: "certificates.k8s.io",
    version: "v1",
    resource: "certificatesigningrequests",
    subresources: ["approval", "status"],
    object: (name, labels) => ({ metadata: { name, labels }, spec }),
  });
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const ofSigner = `${path}?fieldSelector=spec.signerName%3Dexample.com%2Fe2e-fields`;
  for (let count = 0; count < 3; count++) {
    const { metadata } = await api.create(path, {
      metadata: { generateName: "e2e-example-csr-" },
      spec: { ...spec, signerName: "example.com/e2e-fields" },
    });
    expect(metadata.name).toMatch(/^e2e-example-csr-/);
  }
  expect((await api.get(ofSigner)).items).toHaveLength(3);
  await api.delete(ofSigner, { kind: "DeleteOptions", apiVersion: "v1" });
  expect((await api.get(ofSigner)).items).toEqual([]);

  await api.create(path, { metadata: { name: "e2e" }, spec });
  const approval = `${path}/e2e/approval`;
  expect((await api.get(approval)).metadata.name).toBe("e2e");
  const condition = (type: string) => ({ type, status: "True", reason: "E2E", message: "Set by a test" });
  const patched = await api.patch(approval, "merge", {
    metadata: { annotations: { patchedapproval: "true" } },
    status: { conditions: [{ type: "ApprovalPatch", status: "True", reason: "e2e" }] },
  });
  expect(patched.metadata.annotations.patchedapproval).toBe("true");
  expect(patched.status.conditions).toHaveLength(1);
  expect(patched.status.conditions[0]).toMatchObject({ type: "ApprovalPatch", reason: "e2e" });
  // As clients written in Go give it: times they did not set are null.
  const unset = { lastUpdateTime: null, lastTransitionTime: null };
  const approved = await api.edit(approval, (object) =>
    object.status.conditions.push({ ...condition("Approved"), ...unset }),
  );
  expect(approved.status.conditions.map((one: Json) => one.type)).toEqual(["ApprovalPatch", "Approved"]);
  const status = `${path}/e2e/status`;
  expect((await api.get(status)).metadata.name).toBe("e2e");
  const told = await api.patch(status, "merge", {
    metadata: { annotations: { patchedstatus: "true" } },
    status: { certificate: Buffer.from(suite.cluster.kubeconfig.caPem).toString("base64") },
  });
  expect(told.status.certificate).toBe(Buffer.from(suite.cluster.kubeconfig.caPem).toString("base64"));
  expect(told.metadata.annotations.patchedstatus).toBe("true");
  const updated = await api.edit(status, (object) =>
    object.status.conditions.push({ ...condition("StatusUpdate"), ...unset }),
  );
  expect(updated.status.conditions).toHaveLength(3);
  expect(updated.status.conditions.at(-1).type).toBe("StatusUpdate");
  await api.delete(`${path}/e2e`);
});

const signingRequest = `-----BEGIN CERTIFICATE REQUEST-----
MIHUMHwCAQAwGjEYMBYGA1UEAwwPZTJlLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0C
AQYIKoZIzj0DAQcDQgAEMyrpwfl0feCwzUslBaZBTRhj0//xE7EclKEawTqSTwyl
3EOfOpXNc1wOtUh2AN+EkWos3ErByQBqKgO42EvwRKAAMAoGCCqGSM49BAMCA0gA
MEUCIFYpyPRpNtcUxMVstrgHrFrSDnEqTgscOEhwn5rM6oxnAiEAliUGfBZjhorR
IBo/kMyZ32O234O2pndilamcIiA+IIc=
-----END CERTIFICATE REQUEST-----
`;

async function mountsToken(
  namespace: string,
  serviceAccountName: string,
  automount: boolean | undefined,
): Promise<boolean> {
  const made = await suite.api.create(
    pods(namespace),
    pod("", {
      metadata: { generateName: "p-" },
      spec: { serviceAccountName, automountServiceAccountToken: automount },
    }),
  );
  const mounts = made.spec.containers[0].volumeMounts ?? [];
  return mounts.some((one: Json) => one.mountPath === "/var/run/secrets/kubernetes.io/serviceaccount");
}

test("Service account tokens auto mount optionally", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(accounts(namespace), { metadata: { name: "mount" }, automountServiceAccountToken: true });
  await api.create(accounts(namespace), { metadata: { name: "nomount" }, automountServiceAccountToken: false });
  const table = [
    ["default", undefined, true],
    ["mount", undefined, true],
    ["nomount", undefined, false],
    ["default", true, true],
    ["mount", true, true],
    ["nomount", true, true],
    ["default", false, false],
    ["mount", false, false],
    ["nomount", false, false],
  ] as const;
  for (const [account, automount, expected] of table) {
    expect([account, automount, await mountsToken(namespace, account, automount)]).toEqual([
      account,
      automount,
      expected,
    ]);
  }
});

test("OIDC Discovery (ServiceAccountIssuerDiscovery)", async () => {
  // What the original's pod asks, asked from beside it: with a token of its own, at the issuer that this token names.
  const { api } = suite;
  const namespace = await suite.namespace();
  const rbac = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
  const clusterRole = "system:service-account-issuer-discovery";
  await api.create(rbac, {
    metadata: { name: `${namespace}-${clusterRole}` },
    subjects: [{ kind: "ServiceAccount", apiGroup: "", name: "default", namespace }],
    roleRef: { name: clusterRole, apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole" },
  });
  const issue = async (audiences?: string[]): Promise<string> => {
    const spec = { audiences, expirationSeconds: 600 };
    return (await api.create(`${accounts(namespace)}/default/token`, { spec })).status.token;
  };
  const [header = "", payload = "", signature = ""] = (await issue(["oidc-discovery-test"])).split(".");
  const decoded = (part: string): Json => JSON.parse(Buffer.from(part, "base64url").toString());
  const { iss, aud, sub, exp } = decoded(payload);
  expect([aud, sub]).toEqual([["oidc-discovery-test"], `system:serviceaccount:${namespace}:default`]);
  expect(exp * 1000).toBeGreaterThan(Date.now());

  const token = await issue();
  const found = await api.call("GET", "/.well-known/openid-configuration", { token });
  expect([found.status, found.headers["content-type"]]).toEqual([200, "application/json"]);
  expect(found.body.issuer).toBe(iss);
  expect(found.body.id_token_signing_alg_values_supported).toContain(decoded(header).alg);
  const keys = await api.call("GET", new URL(found.body.jwks_uri).pathname, { token });
  expect([keys.status, keys.headers["content-type"]]).toEqual([200, "application/jwk-set+json"]);
  const jwk = keys.body.keys.find(({ kid }: Json) => kid === decoded(header).kid);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signed = Buffer.from(`${header}.${payload}`);
  const given = { key, dsaEncoding: "ieee-p1363" } as const;
  expect(verify("sha256", signed, given, Buffer.from(signature, "base64url"))).toBe(true);
  await api.delete(`${rbac}/${namespace}-${clusterRole}`);
});

test("ServiceAccount, create and review token, of a pod on a node", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(accounts(namespace), { metadata: { name: "mount-test" } });
  await api.create(pods(namespace), pod("with-account", { spec: { serviceAccountName: "mount-test" } }));
  const { metadata, spec } = await api.until(`${pods(namespace)}/with-account`, isReady);
  const node = await api.get(`/api/v1/nodes/${spec.nodeName}`);
  const { name, uid } = metadata;
  const issued = await api.create(`${accounts(namespace)}/mount-test/token`, {
    spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid } },
  });
  const review = async () => {
    const spec = { token: issued.status.token };
    return (await api.create("/apis/authentication.k8s.io/v1/tokenreviews", { spec })).status;
  };
  const { authenticated, error, user } = await review();
  expect([authenticated, error]).toEqual([true, undefined]);
  expect(user.username).toBe(`system:serviceaccount:${namespace}:mount-test`);
  expect(user.groups).toEqual(
    expect.arrayContaining(["system:authenticated", "system:serviceaccounts", `system:serviceaccounts:${namespace}`]),
  );
  expect(user.extra).toEqual({
    "authentication.kubernetes.io/credential-id": [expect.stringMatching(/^JTI=/)],
    "authentication.kubernetes.io/node-name": [node.metadata.name],
    "authentication.kubernetes.io/node-uid": [node.metadata.uid],
    "authentication.kubernetes.io/pod-name": [name],
    "authentication.kubernetes.io/pod-uid": [uid],
  });
  await api.delete(`${pods(namespace)}/with-account`, { gracePeriodSeconds: 0 });
  await api.untilGone(`${pods(namespace)}/with-account`);
  // What was found out of a token is remembered for some seconds.
  const isLet = async () => (await review()).authenticated ?? false;
  await expect.poll(isLet, { timeout: 15_000, interval: 500 }).toBe(false);
});
