import { semanticEqual } from "../../api/meta/index.ts";
import type { CertificateSigningRequest } from "../../api/types/index.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { UserInfo } from "../request.ts";
import { type AdmissionPlugin, type Attributes, isAbout } from "./admission.ts";
import { refuse } from "./refusal.ts";

const group = "certificates.k8s.io";
const requests = "certificatesigningrequests";

/** Who approves requests must be allowed to `approve` for their signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    handles: (attributes) => attributes.operation === "UPDATE" && isAbout(attributes, group, requests, "approval"),
    validate(attributes) {
      const signer = (attributes.old as CertificateSigningRequest).spec.signerName;
      if (mayDo(authorizer, attributes.user, "approve", signer)) return;
      throw refuse(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Who writes a certificate into a request must be allowed to `sign` for its signer. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    handles: (attributes) => attributes.operation === "UPDATE" && isAbout(attributes, group, requests, "status"),
    validate(attributes) {
      const old = attributes.old as CertificateSigningRequest;
      const request = attributes.object as CertificateSigningRequest;
      const [before, after] = [old.status ?? {}, request.status ?? {}];
      if (before.certificate === after.certificate && semanticEqual(before.conditions, after.conditions)) return;
      const signer = old.spec.signerName;
      if (mayDo(authorizer, attributes.user, "sign", signer)) return;
      throw refuse(attributes, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Who publishes a signer's trust bundle must be allowed to `attest` for it. */
export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "ClusterTrustBundleAttest",
    handles: (attributes) => attributes.operation !== "DELETE" && isAbout(attributes, group, "clustertrustbundles"),
    validate(attributes) {
      const bundle = attributes.object as { spec?: { signerName?: string } } | undefined;
      const signer = bundle?.spec?.signerName ?? "";
      if (signer === "" || semanticEqual(bundle?.spec, (attributes.old as typeof bundle)?.spec)) return;
      if (mayDo(authorizer, attributes.user, "attest", signer)) return;
      throw refuse(attributes, `user not permitted to attest for signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Nobody becomes a member of system:masters by a certificate. */
export function certificateSubjectRestriction(): AdmissionPlugin {
  return {
    name: "CertificateSubjectRestriction",
    handles: (attributes) => attributes.operation === "CREATE" && isAbout(attributes, group, requests),
    async validate(attributes) {
      const { spec } = attributes.object as CertificateSigningRequest;
      if (spec.signerName !== "kubernetes.io/kube-apiserver-client") return;
      if (!(await organizationsOf(attributes, spec.request)).includes("system:masters")) return;
      throw refuse(attributes, `use of ${spec.signerName} signer with system:masters group is not allowed`);
    },
  };
}

async function organizationsOf(attributes: Attributes, request: string): Promise<string[]> {
  await import("reflect-metadata"); // which that library needs to be there first
  const { Pkcs10CertificateRequest } = await import("@peculiar/x509");
  try {
    const parsed = new Pkcs10CertificateRequest(Buffer.from(request, "base64").toString());
    return parsed.subjectName.getField("O");
  } catch (error) {
    throw refuse(attributes, `failed to parse certificate request: ${error instanceof Error ? error.message : error}`);
  }
}

/** For the signer itself, or for all of its domain. */
function mayDo(authorizer: Authorizer, user: UserInfo, verb: string, signer: string): boolean {
  const target = { kind: "resource", user, verb, group, version: "*", resource: "signers" } as const;
  const domain = signer.split("/")[0] ?? signer;
  return [signer, `${domain}/*`].some((name) => authorizer.authorize({ ...target, name }).allowed);
}
