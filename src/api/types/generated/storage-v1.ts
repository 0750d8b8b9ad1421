// Made by scripts/generate.ts; do not edit.
import type { KubeObject, LabelSelector, ListMeta } from "../../meta/index.ts";
import type { PersistentVolumeSpec, TopologySelectorTerm } from "./core-v1.ts";

export interface CSIDriver extends KubeObject {
  apiVersion: "storage.k8s.io/v1";
  kind: "CSIDriver";
  spec: CSIDriverSpec;
}

export interface CSIDriverList {
  apiVersion: "storage.k8s.io/v1";
  items: CSIDriver[];
  kind: "CSIDriverList";
  metadata: ListMeta;
}

export interface CSIDriverSpec {
  attachRequired?: boolean;
  fsGroupPolicy?: string;
  nodeAllocatableUpdatePeriodSeconds?: number;
  podInfoOnMount?: boolean;
  preventPodSchedulingIfMissing?: boolean;
  requiresRepublish?: boolean;
  seLinuxMount?: boolean;
  serviceAccountTokenInSecrets?: boolean;
  storageCapacity?: boolean;
  tokenRequests?: TokenRequest[];
  volumeLifecycleModes?: string[];
}

export interface CSINode extends KubeObject {
  apiVersion: "storage.k8s.io/v1";
  kind: "CSINode";
  spec: CSINodeSpec;
}

export interface CSINodeDriver {
  allocatable?: VolumeNodeResources;
  name: string;
  nodeID: string;
  topologyKeys?: string[] | null;
}

export interface CSINodeList {
  apiVersion: "storage.k8s.io/v1";
  items: CSINode[];
  kind: "CSINodeList";
  metadata: ListMeta;
}

export interface CSINodeSpec {
  drivers: CSINodeDriver[];
}

export interface CSIStorageCapacity extends KubeObject {
  apiVersion: "storage.k8s.io/v1";
  capacity?: string;
  kind: "CSIStorageCapacity";
  maximumVolumeSize?: string;
  nodeTopology?: LabelSelector;
  storageClassName: string;
}

export interface CSIStorageCapacityList {
  apiVersion: "storage.k8s.io/v1";
  items: CSIStorageCapacity[];
  kind: "CSIStorageCapacityList";
  metadata: ListMeta;
}

export interface StorageClass extends KubeObject {
  allowVolumeExpansion?: boolean;
  allowedTopologies?: TopologySelectorTerm[];
  apiVersion: "storage.k8s.io/v1";
  kind: "StorageClass";
  mountOptions?: string[];
  parameters?: Record<string, string>;
  provisioner: string;
  reclaimPolicy?: string;
  volumeBindingMode?: string;
}

export interface StorageClassList {
  apiVersion: "storage.k8s.io/v1";
  items: StorageClass[];
  kind: "StorageClassList";
  metadata: ListMeta;
}

export interface TokenRequest {
  audience: string;
  expirationSeconds?: number;
}

export interface VolumeAttachment extends KubeObject {
  apiVersion: "storage.k8s.io/v1";
  kind: "VolumeAttachment";
  spec: VolumeAttachmentSpec;
  status?: VolumeAttachmentStatus;
}

export interface VolumeAttachmentList {
  apiVersion: "storage.k8s.io/v1";
  items: VolumeAttachment[];
  kind: "VolumeAttachmentList";
  metadata: ListMeta;
}

export interface VolumeAttachmentSource {
  inlineVolumeSpec?: PersistentVolumeSpec;
  persistentVolumeName?: string;
}

export interface VolumeAttachmentSpec {
  attacher: string;
  nodeName: string;
  source: VolumeAttachmentSource;
}

export interface VolumeAttachmentStatus {
  attachError?: VolumeError;
  attached: boolean;
  attachmentMetadata?: Record<string, string>;
  detachError?: VolumeError;
}

export interface VolumeAttributesClass extends KubeObject {
  apiVersion: "storage.k8s.io/v1";
  driverName: string;
  kind: "VolumeAttributesClass";
  parameters?: Record<string, string>;
}

export interface VolumeAttributesClassList {
  apiVersion: "storage.k8s.io/v1";
  items: VolumeAttributesClass[];
  kind: "VolumeAttributesClassList";
  metadata: ListMeta;
}

export interface VolumeError {
  errorCode?: number;
  message?: string;
  time?: string | null;
}

export interface VolumeNodeResources {
  count?: number;
}
