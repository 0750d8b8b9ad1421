/** The resources of the group apps, one file a kind. */
import type { KindStrategy } from "../generic.ts";
import { controllerRevisionStrategy } from "./controller-revision.ts";
import { daemonSetStrategy } from "./daemon-set.ts";
import { deploymentStrategy } from "./deployment.ts";
import { replicaSetStrategy } from "./replica-set.ts";
import { statefulSetStrategy } from "./stateful-set.ts";

export { ownMetadata } from "./daemon-set.ts";

/** Strategies by resource. */
export const appsStrategies: Readonly<Record<string, KindStrategy>> = {
  controllerrevisions: controllerRevisionStrategy,
  daemonsets: daemonSetStrategy,
  deployments: deploymentStrategy,
  replicasets: replicaSetStrategy,
  statefulsets: statefulSetStrategy,
};
