// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";

export interface ClusterTrustBundle extends KubeObject {
  apiVersion: "certificates.k8s.io/v1alpha1";
  kind: "ClusterTrustBundle";
  spec: ClusterTrustBundleSpec;
}

export interface ClusterTrustBundleList {
  apiVersion: "certificates.k8s.io/v1alpha1";
  items: ClusterTrustBundle[];
  kind: "ClusterTrustBundleList";
  metadata: ListMeta;
}

export interface ClusterTrustBundleSpec {
  signerName?: string;
  trustBundle: string;
}
