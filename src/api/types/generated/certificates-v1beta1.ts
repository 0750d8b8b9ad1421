// Made by scripts/generate.ts; do not edit.
import type { Condition, KubeObject, ListMeta } from "../../meta/index.ts";

export interface ClusterTrustBundle extends KubeObject {
  apiVersion: "certificates.k8s.io/v1beta1";
  kind: "ClusterTrustBundle";
  spec: ClusterTrustBundleSpec;
}

export interface ClusterTrustBundleList {
  apiVersion: "certificates.k8s.io/v1beta1";
  items: ClusterTrustBundle[];
  kind: "ClusterTrustBundleList";
  metadata: ListMeta;
}

export interface ClusterTrustBundleSpec {
  signerName?: string;
  trustBundle: string;
}

export interface PodCertificateRequest extends KubeObject {
  apiVersion: "certificates.k8s.io/v1beta1";
  kind: "PodCertificateRequest";
  spec: PodCertificateRequestSpec;
  status?: PodCertificateRequestStatus;
}

export interface PodCertificateRequestList {
  apiVersion: "certificates.k8s.io/v1beta1";
  items: PodCertificateRequest[];
  kind: "PodCertificateRequestList";
  metadata: ListMeta;
}

export interface PodCertificateRequestSpec {
  maxExpirationSeconds?: number;
  nodeName: string;
  nodeUID: string;
  pkixPublicKey?: string;
  podName: string;
  podUID: string;
  proofOfPossession?: string;
  serviceAccountName: string;
  serviceAccountUID: string;
  signerName: string;
  stubPKCS10Request: string;
  unverifiedUserAnnotations?: Record<string, string>;
}

export interface PodCertificateRequestStatus {
  beginRefreshAt?: string;
  certificateChain?: string;
  conditions?: Condition[];
  notAfter?: string;
  notBefore?: string;
}
