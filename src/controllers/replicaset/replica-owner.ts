import { type KubeObject, labelSelectorAsSelector, type Selector, selectorFromLabels } from "../../api/meta/index.ts";
import type { PodTemplateSpec, ReplicaSet, ReplicaSetStatus, ReplicationController } from "../../api/types/index.ts";
import { type ResourceType, resources } from "../../client/index.ts";

/** What ReplicaSets and ReplicationControllers have in common: a number of equal pods. */
export interface ReplicaOwner extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec };
  status?: ReplicaSetStatus;
}

export interface ReplicaKind<T extends ReplicaOwner> {
  /** The controller's name, and its component in events. */
  readonly controller: string;
  readonly component: string;
  readonly type: ResourceType<T>;
  selector(owner: T): Selector;
}

export const replicaSetKind: ReplicaKind<ReplicaSet> = {
  controller: "replicaset-controller",
  component: "replicaset-controller",
  type: resources.replicasets,
  selector: (owner) => labelSelectorAsSelector(owner.spec.selector),
};

type TypedReplicationController = ReplicationController & { spec: NonNullable<ReplicationController["spec"]> };

export const replicationControllerKind: ReplicaKind<TypedReplicationController> = {
  controller: "replicationcontroller-controller",
  component: "replication-controller",
  type: resources.replicationcontrollers as ResourceType<TypedReplicationController>,
  selector: (owner) => selectorFromLabels(owner.spec.selector),
};
