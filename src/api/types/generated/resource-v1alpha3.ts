// Made by scripts/generate.ts; do not edit.
import type { Condition, KubeObject, ListMeta } from "../../meta/index.ts";

export interface DeviceTaint {
  effect: string;
  key: string;
  timeAdded?: string;
  value?: string;
}

export interface DeviceTaintRule extends KubeObject {
  apiVersion: "resource.k8s.io/v1alpha3";
  kind: "DeviceTaintRule";
  spec: DeviceTaintRuleSpec;
  status?: DeviceTaintRuleStatus;
}

export interface DeviceTaintRuleList {
  apiVersion: "resource.k8s.io/v1alpha3";
  items: DeviceTaintRule[];
  kind: "DeviceTaintRuleList";
  metadata: ListMeta;
}

export interface DeviceTaintRuleSpec {
  deviceSelector?: DeviceTaintSelector;
  taint: DeviceTaint;
}

export interface DeviceTaintRuleStatus {
  conditions?: Condition[];
}

export interface DeviceTaintSelector {
  device?: string;
  driver?: string;
  pool?: string;
}

export interface PoolStatus {
  allocatedDevices?: number;
  availableDevices?: number;
  driver: string;
  generation: number;
  nodeName?: string;
  poolName: string;
  resourceSliceCount?: number;
  totalDevices?: number;
  unavailableDevices?: number;
  validationError?: string;
}

export interface ResourcePoolStatusRequest extends KubeObject {
  apiVersion: "resource.k8s.io/v1alpha3";
  kind: "ResourcePoolStatusRequest";
  spec: ResourcePoolStatusRequestSpec;
  status?: ResourcePoolStatusRequestStatus;
}

export interface ResourcePoolStatusRequestList {
  apiVersion: "resource.k8s.io/v1alpha3";
  items: ResourcePoolStatusRequest[];
  kind: "ResourcePoolStatusRequestList";
  metadata: ListMeta;
}

export interface ResourcePoolStatusRequestSpec {
  driver: string;
  limit?: number;
  poolName?: string;
}

export interface ResourcePoolStatusRequestStatus {
  conditions?: Condition[];
  poolCount: number;
  pools?: PoolStatus[];
}
