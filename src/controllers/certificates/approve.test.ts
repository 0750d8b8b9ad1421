import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { cryptoProvider, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "../../api/meta/index.ts";
import { resources, type Transport } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());
const hourMs = 3_600_000;
const names = ["certificatesigningrequest-approving-controller", "certificatesigningrequest-cleaner-controller"];

/** Answers access reviews: who asks for which subresource is noted. */
let allowed = (_: string) => true;
let reviewed: string[] = [];
function reviewing(inner: Transport): Transport {
  return {
    ...inner,
    request: async (request) => {
      if (request.resource !== "subjectaccessreviews") return inner.request(request);
      const { spec } = request.body as { spec: { user: string; resourceAttributes: { subresource: string } } };
      reviewed.push(spec.resourceAttributes.subresource);
      const status = { allowed: allowed(spec.resourceAttributes.subresource) };
      return { kind: "object", object: { ...(request.body as KubeObject), status } as KubeObject };
    },
    watch: (request, sink) => inner.watch(request, sink),
  };
}

async function start(subject = "CN=system:node:n1,O=system:nodes") {
  reviewed = [];
  cluster = await testCluster(names, {}, { transport: reviewing });
  cryptoProvider.set(webcrypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const asked = await Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys: keys as never,
    signingAlgorithm: algorithm,
  });
  const request = Buffer.from(`${asked.toString("pem")}\n`).toString("base64");
  const signerName = "kubernetes.io/kube-apiserver-client-kubelet";
  const usages = ["client auth", "digital signature"];
  await cluster.client
    .resource(resources.certificatesigningrequests)
    .create({ metadata: { name: "r" }, spec: { request, signerName, usages } });
  await settle();
}

/** The library that reads requests is loaded, and the request checked, outside of the virtual clock. */
async function settle() {
  await import("./request.ts");
  for (let turn = 0; turn < 5; turn++) await cluster.settle();
}

const conditions = async () =>
  (await cluster.one(resources.certificatesigningrequests, "r")).status?.conditions?.map(
    ({ type, reason, message }) => `${type} ${reason}: ${message}`,
  );

test("a kubelet's request is approved when its user may ask for it, and cleared away after a day without an answer", async () => {
  allowed = (subresource) => subresource === "nodeclient";
  await start();
  expect(await conditions()).toEqual([
    "Approved AutoApproved: Auto approving kubelet client certificate after SubjectAccessReview.",
  ]);
  expect(reviewed).toEqual(["nodeclient"]);
  await cluster.settle(48 * hourMs);
  // Approved and not signed: whoever signs may be late.
  expect((await cluster.all(resources.certificatesigningrequests)).length).toBe(1);
});

test("a request that may not be made stays open until it is cleared away", async () => {
  allowed = () => false;
  await start();
  expect(await conditions()).toBeUndefined();
  await cluster.settle(23 * hourMs);
  expect((await cluster.all(resources.certificatesigningrequests)).length).toBe(1);
  await cluster.settle(hourMs);
  expect(await cluster.all(resources.certificatesigningrequests)).toEqual([]);
});

test("a request for something else than a node is nobody's to approve", async () => {
  allowed = () => true;
  await start("CN=jane,O=system:nodes");
  expect(await conditions()).toBeUndefined();
  expect(reviewed).toEqual([]);
});
