import { formatTime, keyString } from "../../api/meta/index.ts";
import type { CertificateSigningRequest } from "../../api/types/index.ts";
import { done, type Outcome, type ResourceType, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { checksOfSigners, RequestRefused } from "./signers.ts";

const name = "certificatesigningrequest-approving-controller";
const kubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
const commonNamePrefix = "system:node:";
const accessReviews: ResourceType = {
  group: "authorization.k8s.io",
  version: "v1",
  resource: "subjectaccessreviews",
  kind: "SubjectAccessReview",
  namespaced: false,
};

interface Recognizer {
  readonly subresource: string;
  readonly message: string;
  readonly fits: (request: CertificateSigningRequest, commonName: string) => boolean;
}

const recognizers: readonly Recognizer[] = [
  {
    subresource: "selfnodeclient",
    message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
    fits: ({ spec }, commonName) => spec.username === commonName,
  },
  {
    subresource: "nodeclient",
    message: "Auto approving kubelet client certificate after SubjectAccessReview.",
    fits: () => true,
  },
];

/** Approves kubelets' requests for client certificates of those who may make them. */
export const startCertificateApproval: StartController = ({ client, host, informers, workers }) => {
  const requests = informers.informer(resources.certificatesigningrequests);
  const controller = runController({
    name,
    host,
    workers: workers(name, 5),
    synced: [requests],
    reconcile: async (key): Promise<Outcome> => {
      const request = requests.store.get(keyString(key));
      if (request === undefined || !isOpen(request)) return done;
      const commonName = await kubeletName(request);
      if (commonName === undefined) return done;
      for (const { fits, subresource, message } of recognizers.filter((one) => one.fits(request, commonName))) {
        if (!fits(request, commonName) || !(await isAllowed(request, subresource))) continue;
        await approve(request, message);
        return done;
      }
      throw new Error(`recognized csr "${key.name}" as a kubelet's but subject access review was not approved`);
    },
  });

  async function isAllowed({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const { username: user, uid, groups, extra } = spec;
    const resource = { group: "certificates.k8s.io", resource: "certificatesigningrequests", verb: "create" };
    const review = { user, uid, groups, extra, resourceAttributes: { ...resource, subresource, version: "*" } };
    const answer = await client.resource(accessReviews).create({ metadata: {}, spec: review } as never);
    return (answer as { status?: { allowed?: boolean } }).status?.allowed === true;
  }

  async function approve(request: CertificateSigningRequest, message: string): Promise<void> {
    const now = formatTime(host.clock.now());
    const times = { lastUpdateTime: now, lastTransitionTime: now };
    const condition = { type: "Approved", status: "True", reason: "AutoApproved", message, ...times };
    const conditions = [...(request.status?.conditions ?? []), condition];
    const approved = { ...request, status: { ...request.status, conditions } };
    const writer = client.resource(resources.certificatesigningrequests).subresource("approval");
    await writer.update(objectKey(request), approved);
  }

  const consider = (request: CertificateSigningRequest): void => {
    if (isOpen(request)) controller.enqueue(request);
  };
  requests.addHandlers({ add: consider, update: (_, request) => consider(request) });
  return controller;
};

function isOpen({ spec, status }: CertificateSigningRequest): boolean {
  const decided = status?.conditions?.some(({ type }) => type === "Approved" || type === "Denied") ?? false;
  return spec.signerName === kubeletClientSigner && !decided && !status?.certificate;
}

/** The name a kubelet's request asks for; undefined when it is no proper request of a kubelet. */
async function kubeletName(request: CertificateSigningRequest): Promise<string | undefined> {
  const { factsOf } = await import("./request.ts"); // its library is large, and few clusters sign anything
  const facts = factsOf(request);
  try {
    checksOfSigners.get(kubeletClientSigner)?.(facts);
  } catch (error) {
    if (error instanceof RequestRefused) return undefined;
    throw error;
  }
  return facts.commonName.startsWith(commonNamePrefix) ? facts.commonName : undefined;
}
