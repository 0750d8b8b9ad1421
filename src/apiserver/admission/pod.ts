import type { KubeObject } from "../../api/meta/index.ts";
import { type Attributes, isAbout } from "./admission.ts";

/** What the plugins read and write of a pod. */
export interface PodSpec {
  volumes?: { name: string; projected?: object }[];
  initContainers?: Container[];
  containers?: Container[];
  serviceAccountName?: string;
  serviceAccount?: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
  tolerations?: Toleration[];
  nodeSelector?: Record<string, string>;
  priorityClassName?: string;
  priority?: number;
  preemptionPolicy?: string;
  runtimeClassName?: string;
  overhead?: Record<string, string>;
  resources?: Resources;
}

export interface Resources {
  limits?: Record<string, string>;
  requests?: Record<string, string>;
}

export interface Container {
  name: string;
  volumeMounts?: { name: string; readOnly?: boolean; mountPath: string }[];
  resources?: Resources;
  restartPolicy?: string;
}

export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

export type Pod = KubeObject & { spec?: PodSpec };

/** Whether a pod itself is created (or `operation`). */
export function isPod(attributes: Attributes, ...operations: readonly string[]): boolean {
  return isAbout(attributes, "", "pods") && operations.includes(attributes.operation);
}

export function specOf(attributes: Attributes): PodSpec {
  const pod: Pod | undefined = attributes.object;
  if (pod === undefined) return {};
  pod.spec ??= {};
  return pod.spec;
}

/** A pod that a kubelet shows of a manifest of its own. */
export function isMirrorPod(pod: KubeObject | undefined): boolean {
  return pod?.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined;
}
