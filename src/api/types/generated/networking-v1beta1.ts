// Made by scripts/generate.ts; do not edit.
import type { Condition, KubeObject, ListMeta } from "../../meta/index.ts";

export interface IPAddress extends KubeObject {
  apiVersion: "networking.k8s.io/v1beta1";
  kind: "IPAddress";
  spec: IPAddressSpec;
}

export interface IPAddressList {
  apiVersion: "networking.k8s.io/v1beta1";
  items: IPAddress[];
  kind: "IPAddressList";
  metadata: ListMeta;
}

export interface IPAddressSpec {
  parentRef: ParentReference;
}

export interface ParentReference {
  group?: string;
  name: string;
  namespace?: string;
  resource: string;
}

export interface ServiceCIDR extends KubeObject {
  apiVersion: "networking.k8s.io/v1beta1";
  kind: "ServiceCIDR";
  spec: ServiceCIDRSpec;
  status?: ServiceCIDRStatus;
}

export interface ServiceCIDRList {
  apiVersion: "networking.k8s.io/v1beta1";
  items: ServiceCIDR[];
  kind: "ServiceCIDRList";
  metadata: ListMeta;
}

export interface ServiceCIDRSpec {
  cidrs?: string[];
}

export interface ServiceCIDRStatus {
  conditions?: Condition[];
}
