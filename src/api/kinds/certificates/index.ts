/** Requests for certificates, and bundles of those that are trusted. */
import type { KindStrategy } from "../generic.ts";
import { certificateSigningRequestStrategy } from "./certificate-signing-request.ts";
import { clusterTrustBundleStrategy } from "./cluster-trust-bundle.ts";
import { podCertificateRequestStrategy } from "./pod-certificate-request.ts";

export const certificatesStrategies: Readonly<Record<string, KindStrategy>> = {
  certificatesigningrequests: certificateSigningRequestStrategy,
  clustertrustbundles: clusterTrustBundleStrategy,
  podcertificaterequests: podCertificateRequestStrategy,
};
