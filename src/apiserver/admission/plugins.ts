import type { KindRegistry } from "../../api/kinds/index.ts";
import type { Host } from "../../host/index.ts";
import type { Store } from "../../store/index.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-class.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { limitRanger } from "./limit-ranger.ts";
import { createLookup } from "./lookup.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { podSecurity } from "./pod-security.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./resource-quota.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { storageObjectInUseProtection } from "./storage-object-in-use-protection.ts";
import { taintNodesByCondition } from "./taint-nodes-by-condition.ts";

/** The plugins that are on without being asked for, in the original's order. */
export function defaultPlugins(host: Host, store: Store, kinds: KindRegistry): AdmissionPlugin[] {
  const lookup = createLookup(store, kinds);
  return [
    namespaceLifecycle(lookup),
    limitRanger(lookup),
    serviceAccount(lookup, host.random),
    taintNodesByCondition(),
    podSecurity(lookup),
    priority(lookup),
    defaultTolerationSeconds(),
    defaultStorageClass(lookup),
    storageObjectInUseProtection(),
    runtimeClass(lookup),
    defaultIngressClass(lookup),
    resourceQuota(host, store, kinds),
  ];
}
