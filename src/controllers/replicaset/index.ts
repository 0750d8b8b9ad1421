/** Keeps the number of pods that ReplicaSets and ReplicationControllers ask for. */
import type { StartController } from "../context.ts";
import { startReplicaController } from "./controller.ts";
import { replicaSetKind, replicationControllerKind } from "./replica-owner.ts";

export const startReplicaSetController: StartController = (context) => startReplicaController(context, replicaSetKind);

export const startReplicationController: StartController = (context) =>
  startReplicaController(context, replicationControllerKind);
