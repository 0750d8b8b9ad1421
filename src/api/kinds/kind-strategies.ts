import { admissionregistrationStrategies } from "./admissionregistration/index.ts";
import { apiextensionsStrategies } from "./apiextensions/index.ts";
import { apiregistrationStrategies } from "./apiregistration/index.ts";
import { appsStrategies } from "./apps/index.ts";
import { autoscalingStrategies } from "./autoscaling/index.ts";
import { batchStrategies } from "./batch/index.ts";
import { certificatesStrategies } from "./certificates/index.ts";
import { coordinationStrategies } from "./coordination/index.ts";
import { coreStrategies } from "./core/index.ts";
import { discoveryStrategies } from "./discovery/index.ts";
import { eventsStrategies } from "./events/index.ts";
import { flowcontrolStrategies } from "./flowcontrol/index.ts";
import type { KindStrategy } from "./generic.ts";
import { networkingStrategies } from "./networking/index.ts";
import { nodeStrategies } from "./node/index.ts";
import { policyStrategies } from "./policy/index.ts";
import { rbacStrategies } from "./rbac/index.ts";
import { resourceStrategies } from "./resource/index.ts";
import { schedulingStrategies } from "./scheduling/index.ts";
import { storageStrategies } from "./storage/index.ts";
import { storagemigrationStrategies } from "./storagemigration/index.ts";

/** Strategies of each group by resource, or by `version/resource` where versions differ. The core group is "". */
export const groupStrategies: Readonly<Record<string, Readonly<Record<string, KindStrategy>>>> = {
  "": coreStrategies,
  apps: appsStrategies,
  "coordination.k8s.io": coordinationStrategies,
  "discovery.k8s.io": discoveryStrategies,
  "events.k8s.io": eventsStrategies,
  policy: policyStrategies,
  "scheduling.k8s.io": schedulingStrategies,
  "networking.k8s.io": networkingStrategies,
  "rbac.authorization.k8s.io": rbacStrategies,
  autoscaling: autoscalingStrategies,
  batch: batchStrategies,
  "storage.k8s.io": storageStrategies,
  "node.k8s.io": nodeStrategies,
  "flowcontrol.apiserver.k8s.io": flowcontrolStrategies,
  "certificates.k8s.io": certificatesStrategies,
  "admissionregistration.k8s.io": admissionregistrationStrategies,
  "apiregistration.k8s.io": apiregistrationStrategies,
  "storagemigration.k8s.io": storagemigrationStrategies,
  "apiextensions.k8s.io": apiextensionsStrategies,
  "resource.k8s.io": resourceStrategies,
};
