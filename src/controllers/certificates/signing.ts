import { formatTime, keyString } from "../../api/meta/index.ts";
import type { CertificateSigningRequest } from "../../api/types/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { checksOfSigners, RequestRefused } from "./signers.ts";

/**
 * Signs approved certificate requests of the signers that belong to Kubernetes itself, with the cluster's certificate
 * authority; other signers' requests are theirs.
 */
export const startCertificateSigning: StartController = ({ client, host, informers, config }) => {
  const requests = informers.informer(resources.certificatesigningrequests);
  const writer = client.resource(resources.certificatesigningrequests);
  const authority = config.clusterSigning;
  const controller = runController({
    name: "certificatesigningrequest-signing-controller",
    host,
    synced: [requests],
    reconcile: async (key) => {
      const request = requests.store.get(keyString(key));
      if (authority === undefined || request === undefined || !isToBeSigned(request)) return done;
      const { signCertificate } = await import("./sign.ts"); // its library is large, and few clusters sign anything
      const { status = {} } = request;
      try {
        const certificate = await signCertificate(request, authority, host);
        await writer.updateStatus({ ...request, status: { ...status, certificate } });
      } catch (error) {
        if (!(error instanceof RequestRefused)) throw error;
        const at = formatTime(host.clock.now());
        const failed = {
          type: "Failed",
          status: "True",
          reason: "SignerValidationFailure",
          message: error.message,
          lastUpdateTime: at,
          lastTransitionTime: at,
        };
        const conditions = [...(status.conditions ?? []), failed];
        await writer.updateStatus({ ...request, status: { ...status, conditions } });
      }
      return done;
    },
  });
  const consider = (request: CertificateSigningRequest): void => {
    if (isToBeSigned(request)) controller.enqueue(request);
  };
  requests.addHandlers({ add: consider, update: (_, request) => consider(request) });
  return controller;
};

function isToBeSigned({ spec, status }: CertificateSigningRequest): boolean {
  const holds = (type: string) => status?.conditions?.some((one) => one.type === type) ?? false;
  return checksOfSigners.has(spec.signerName) && holds("Approved") && !holds("Failed") && !status?.certificate;
}
