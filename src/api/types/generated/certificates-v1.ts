// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";

export interface CertificateSigningRequest extends KubeObject {
  apiVersion: "certificates.k8s.io/v1";
  kind: "CertificateSigningRequest";
  spec: CertificateSigningRequestSpec;
  status?: CertificateSigningRequestStatus;
}

export interface CertificateSigningRequestCondition {
  lastTransitionTime?: string | null;
  lastUpdateTime?: string | null;
  message?: string;
  reason?: string;
  status: string;
  type: string;
}

export interface CertificateSigningRequestList {
  apiVersion: "certificates.k8s.io/v1";
  items: CertificateSigningRequest[];
  kind: "CertificateSigningRequestList";
  metadata: ListMeta;
}

export interface CertificateSigningRequestSpec {
  expirationSeconds?: number;
  extra?: Record<string, string[]>;
  groups?: string[];
  request: string;
  signerName: string;
  uid?: string;
  usages?: string[];
  username?: string;
}

export interface CertificateSigningRequestStatus {
  certificate?: string;
  conditions?: CertificateSigningRequestCondition[];
}
