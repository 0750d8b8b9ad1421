import { expect, test } from "vitest";
import { checksOfSigners, type RequestFacts } from "./signers.ts";

const node: RequestFacts = {
  commonName: "system:node:a",
  organizations: ["system:nodes"],
  dnsNames: [],
  ipAddresses: [],
  emails: [],
  uris: [],
  usages: ["client auth", "digital signature"],
};

const signing = (signer: string, facts: Partial<RequestFacts>) => () =>
  checksOfSigners.get(`kubernetes.io/${signer}`)?.({ ...node, ...facts });

test("clients get certificates for being clients and nothing else", () => {
  expect(signing("kube-apiserver-client", { commonName: "jane", organizations: [] })).not.toThrow();
  expect(signing("kube-apiserver-client", { usages: ["digital signature"] })).toThrow(
    "missing required usage for client certificate: client auth",
  );
  expect(signing("kube-apiserver-client", { usages: ["client auth", "server auth"] })).toThrow(
    "invalid usage for client certificate: server auth",
  );
});

test("kubelets are nodes, without other names as clients and with one as servers", () => {
  expect(signing("kube-apiserver-client-kubelet", {})).not.toThrow();
  expect(signing("kube-apiserver-client-kubelet", { organizations: ["devs"] })).toThrow("is not system:nodes");
  expect(signing("kube-apiserver-client-kubelet", { commonName: "a" })).toThrow("does not begin with system:node:");
  expect(signing("kube-apiserver-client-kubelet", { dnsNames: ["a"] })).toThrow("DNS subjectAltNames are not allowed");
  const usages = ["server auth", "digital signature", "key encipherment"];
  expect(signing("kubelet-serving", { usages })).toThrow("DNS or IP subjectAltName is required");
  expect(signing("kubelet-serving", { usages, ipAddresses: ["10.0.0.1"] })).not.toThrow();
  expect(signing("kubelet-serving", { ipAddresses: ["10.0.0.1"] })).toThrow("usages did not match");
});
