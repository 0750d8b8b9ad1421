import type { KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import { errors, groupResourceString, type KubeObject } from "../../api/meta/index.ts";
import type { ResourceQuota } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import type { Store } from "../../store/index.ts";
import { type AdmissionPlugin, type Attributes, isAbout } from "./admission.ts";
import type { QuotaConfiguration } from "./quota-check.ts";
import { QuotaLedger } from "./quota-ledger.ts";

/**
 * What is created (or grows) is charged to the quotas of its namespace, and refused when one does not suffice. A charge
 * whose object was not written after all is given back.
 */
export function resourceQuota(
  host: Host,
  store: Store,
  kinds: KindRegistry,
  configuration: QuotaConfiguration = {},
): AdmissionPlugin {
  const prefix = kinds.byResource("", "v1", "resourcequotas")?.storagePrefix ?? "/registry/resourcequotas";
  const ledger = new QuotaLedger(host, store, prefix, configuration);
  return {
    name: "ResourceQuota",
    handles: (attributes) => isRecount(attributes) || isCharged(attributes),
    async validate(attributes) {
      if (isRecount(attributes)) checkRecount(ledger, attributes);
      else await ledger.charge(attributes);
    },
  };
}

function isRecount(attributes: Attributes): boolean {
  return attributes.operation === "UPDATE" && isAbout(attributes, "", "resourcequotas", "status");
}

/**
 * While objects that are charged are on their way, nobody has been able to count them: a count that is lower than what
 * is charged would let others in their place.
 */
function checkRecount(ledger: QuotaLedger, { kind, namespace, name, object, old }: Attributes): void {
  if (ledger.mayLower(namespace) || !changesUsed(object, old)) return;
  throw errors.conflict(kind, name, "objects that are charged are being written; please count again");
}

function changesUsed(
  object: ResourceQuota | KubeObject | undefined,
  old: ResourceQuota | KubeObject | undefined,
): boolean {
  const after = (object as ResourceQuota | undefined)?.status?.used;
  const before = (old as ResourceQuota | undefined)?.status?.used;
  return JSON.stringify(after ?? {}) !== JSON.stringify(before ?? {});
}

/** Which changes can use up more than before. */
function isCharged({ operation, subresource, kind, namespace }: Attributes): boolean {
  if (namespace === "" || !kind.namespaced || !kind.verbs.includes("list")) return false;
  if (isUncounted(kind)) return false;
  const resource = groupResourceString(kind);
  if (operation === "CREATE") return subresource === "";
  if (operation !== "UPDATE") return false;
  if (resource === "pods") return subresource === "resize";
  if (resource === "persistentvolumeclaims") return subresource === "" || subresource === "status";
  return resource === "services" && subresource === "";
}

/** What the original does not count: it would fill quotas by the mere running of things. */
function isUncounted({ group, resource }: ResourceKind): boolean {
  return resource === "events" && (group === "" || group === "events.k8s.io");
}
