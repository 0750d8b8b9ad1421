// Made by scripts/generate.ts; do not edit.
import type { KubeObject, ListMeta } from "../../meta/index.ts";

export interface VolumeAttributesClass extends KubeObject {
  apiVersion: "storage.k8s.io/v1beta1";
  driverName: string;
  kind: "VolumeAttributesClass";
  parameters?: Record<string, string>;
}

export interface VolumeAttributesClassList {
  apiVersion: "storage.k8s.io/v1beta1";
  items: VolumeAttributesClass[];
  kind: "VolumeAttributesClassList";
  metadata: ListMeta;
}
