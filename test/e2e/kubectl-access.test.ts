import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubectlIn } from "../support/kubectl.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "1"]);
});
afterAll(() => box.remove());

test("what a role grants, where it is bound, is what its subject may do; refusals name all of it", async () => {
  const { k, fails } = await kubectlIn(box, "roles");
  await k("create role reader --verb=get,list --resource=pods");
  await k("create rolebinding bob --role=reader --user=bob");
  expect(await k("get pods --as=bob")).toBe("");
  expect(await k("auth can-i list pods --as=bob")).toBe("yes\n");
  expect(await fails("get pods -n default --as=bob")).toBe(
    'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"\n',
  );
  expect(await fails("delete pod x --as=bob")).toContain(
    'pods "x" is forbidden: User "bob" cannot delete resource "pods"',
  );
  expect(await fails("get nodes --as=bob")).toContain("at the cluster scope");
  expect(await fails("get --raw /metrics --as=bob")).toContain('forbidden: User "bob" cannot get path "/metrics"');
  expect(await k("auth can-i --list --as=bob")).toMatch(/pods +\[\] +\[\] +\[get list\]/);
});

test("what an administrator may do is listed once", async () => {
  const { k } = await kubectlIn(box, "administrator");
  const listed = await k("auth can-i --list --no-headers");
  expect(listed.match(/^\*\.\* +\[\] +\[\] +\[\*\]$/gm)).toHaveLength(1);
  expect(listed.match(/^ +\[\*\] +\[\] +\[\*\]$/gm)).toHaveLength(1);
});

test("who may write roles cannot give more than he has", async () => {
  const { k, fails } = await kubectlIn(box, "escalation");
  await k("create role writer --verb=create --resource=roles,rolebindings");
  await k("create rolebinding carl --role=writer --user=carl");
  expect(await fails("create role more --verb=get --resource=secrets --as=carl")).toContain(
    'user "carl" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held',
  );
  expect(await fails("create rolebinding all --clusterrole=cluster-admin --user=carl --as=carl")).toContain(
    "is attempting to grant RBAC permissions not currently held",
  );
});

test("an impersonated user has the name, groups and uid asked for", async () => {
  const { k } = await kubectlIn(box, "impersonated");
  const who = JSON.parse(await k("auth whoami -o json --as=u --as-group=g --as-uid=abc")) as { status: object };
  expect(who.status).toEqual({ userInfo: { username: "u", uid: "abc", groups: ["g", "system:authenticated"] } });
});

test("reconciling adds what is missing and takes away what is too much when told to", async () => {
  const { k } = await kubectlIn(box, "reconciled");
  const file = join(box.dir, "role.json");
  const role = (verbs: string[]) =>
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { name: "r", namespace: "reconciled" },
        rules: [{ apiGroups: [""], resources: ["configmaps"], verbs }],
      }),
    );
  role(["get", "list"]);
  await k(`auth reconcile -f ${file}`);
  role(["get"]);
  await k(`auth reconcile -f ${file} --remove-extra-permissions`);
  expect(await k("get role r -o jsonpath={.rules[*].verbs}")).toBe('["get"]');
});

test("a token is good for its audience alone and not for less than ten minutes", async () => {
  const { k, fails } = await kubectlIn(box, "tokens");
  await k("run p --image=nginx");
  const asToken = (token: string) =>
    box.kubectl([
      "auth",
      "whoami",
      "-o",
      "jsonpath={.status.userInfo.username}",
      "--kubeconfig",
      noAdmin,
      "--token",
      token,
    ]);
  const noAdmin = join(box.dir, "no-admin");
  const view = JSON.parse(await k("config view --raw --minify -o json")) as Record<string, unknown>;
  writeFileSync(noAdmin, JSON.stringify({ ...view, users: [{ name: "nobody", user: {} }] }));
  const bound = (await k("create token default --bound-object-kind=Pod --bound-object-name=p")).trim();
  expect((await asToken(bound)).stdout).toBe("system:serviceaccount:tokens:default");
  const elsewhere = (await k("create token default --audience=elsewhere")).trim();
  expect((await asToken(elsewhere)).stderr).toContain("Unauthorized");
  expect(await fails("create token default --duration=1s")).toContain(
    "may not specify a duration less than 10 minutes",
  );
});

test("quotas, limit ranges and priorities change or refuse pods", async () => {
  const { k, fails } = await kubectlIn(box, "admitted");
  const limits = [{ type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m" }, max: { cpu: "1" } }];
  const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "l" }, spec: { limits } };
  await k("create -f -", JSON.stringify(range));
  await k("create quota q --hard=pods=1");
  await k("run one --image=nginx");
  expect(JSON.parse(await k("get pod one -o jsonpath={.spec.containers[0].resources}"))).toEqual({
    limits: { cpu: "500m" },
    requests: { cpu: "100m" },
  });
  expect(await fails("run two --image=nginx")).toContain(
    "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
  );
  expect(await fails("create quota bad --hard=cpu=1 --scopes=BestEffort")).toContain(
    "unsupported scope applied to resource",
  );
  const priority = '--overrides={"spec":{"priorityClassName":"nope"}}';
  expect(await fails(["run", "three", "--image=nginx", priority])).toContain(
    "no PriorityClass with name nope was found",
  );
});

/** Of jane of the devs, made with openssl. */
const request = `-----BEGIN CERTIFICATE REQUEST-----
MIHZMIGAAgEAMB4xDTALBgNVBAoMBGRldnMxDTALBgNVBAMMBGphbmUwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAASTSAWMSRRYzA7eqWpMhgyegq8HZy5T0/r3FSzA
+QJOUgCFKztc8SFaZP2LqW9BObZPRHEAAZPrQMOHQG0NbgnAoAAwCgYIKoZIzj0E
AwIDSAAwRQIhAM/xbTMzJwjeh8an3V86CS1vVsY/VN3hbHw284ql1rb/AiAoW6vJ
bYLeex/u+R8SazQIqIumsfphOkuq2Bzx1aBdgQ==
-----END CERTIFICATE REQUEST-----
`;

test("a certificate request is signed once it is approved, refused for what its signer does not grant, or denied", async () => {
  const { k, fails } = await kubectlIn(box, "requests");
  const asking = (name: string, usages: string[]) =>
    JSON.stringify({
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name },
      spec: {
        request: Buffer.from(request).toString("base64"),
        signerName: "kubernetes.io/kube-apiserver-client",
        expirationSeconds: 3600,
        usages,
      },
    });
  await k("create -f -", asking("jane", ["client auth"]));
  expect(await k("get csr jane --no-headers")).toMatch(/ 60m +Pending\n$/);
  expect(await k("certificate approve jane")).toContain("approved");
  await k("wait csr/jane --for=jsonpath={.status.certificate} --timeout=20s");
  expect(await k("get csr jane --no-headers")).toMatch(/ Approved,Issued\n$/);
  const pem = Buffer.from(await k("get csr jane -o jsonpath={.status.certificate}"), "base64");
  const certificate = new X509Certificate(pem);
  expect(certificate.subject).toBe("O=devs\nCN=jane");
  const authority = await k("get cm kube-root-ca.crt -o jsonpath={.data.ca\\.crt}");
  expect(certificate.verify(new X509Certificate(authority).publicKey)).toBe(true);
  expect(await fails("certificate deny jane")).toContain("already Approved");
  await k("create -f -", asking("server", ["server auth"]));
  await k("certificate approve server");
  await k("wait csr/server --for=condition=Failed --timeout=20s");
  await k("create -f -", asking("denied", ["client auth"]));
  await k("certificate deny denied");
  expect(await k("get csr denied --no-headers")).toMatch(/ Denied\n$/);
});
