import type { StartController } from "./context.ts";
import { startDeploymentController } from "./deployment/index.ts";
import { startEndpointsController } from "./endpoints/index.ts";
import { startEndpointSliceController } from "./endpointslice/index.ts";
import { startGarbageCollector } from "./garbagecollector/index.ts";
import { startNamespaceController } from "./namespace/index.ts";
import { startReplicaSetController, startReplicationController } from "./replicaset/index.ts";
import { startRootCAPublisher } from "./rootca/index.ts";
import { startServiceAccountController } from "./serviceaccount/index.ts";

/** By upstream name, in the order in which they start. */
export const controllers: ReadonlyMap<string, StartController> = new Map([
  ["namespace-controller", startNamespaceController],
  ["serviceaccount-controller", startServiceAccountController],
  ["root-ca-certificate-publisher-controller", startRootCAPublisher],
  ["deployment-controller", startDeploymentController],
  ["replicaset-controller", startReplicaSetController],
  ["replicationcontroller-controller", startReplicationController],
  ["endpoints-controller", startEndpointsController],
  ["endpointslice-controller", startEndpointSliceController],
  ["garbage-collector-controller", startGarbageCollector],
]);

export const controllerNames: readonly string[] = [...controllers.keys()];
