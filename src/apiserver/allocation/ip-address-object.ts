import type { ResourceKind } from "../../api/kinds/index.ts";
import { formatTime, type KubeObject } from "../../api/meta/index.ts";
import { updateManagedFields } from "../../api/patch/index.ts";
import type { Host } from "../../host/index.ts";

type IPAddress = KubeObject & { spec?: { parentRef?: { resource: string; namespace?: string; name: string } } };

const managedByLabel = "ipaddress.kubernetes.io/managed-by";
const managedBy = "ipallocator.k8s.io";

/** The object that shows which service has an address. */
export function addressObject(host: Host, kind: ResourceKind, service: KubeObject, ip: string): IPAddress {
  const now = formatTime(host.clock.now());
  const { namespace, name = "" } = service.metadata;
  const object: IPAddress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "IPAddress",
    metadata: {
      name: ip,
      uid: host.random.uuid(),
      creationTimestamp: now,
      labels: { "ipaddress.kubernetes.io/ip-family": "IPv4", [managedByLabel]: managedBy },
    },
    spec: { parentRef: { resource: "services", namespace, name } },
  };
  if (kind.strategy.hasGeneration) object.metadata.generation = 1;
  object.metadata.managedFields = updateManagedFields({
    live: undefined,
    next: object,
    manager: "kube-apiserver",
    apiVersion: object.apiVersion,
    timestamp: now,
    shape: kind.shape,
  });
  return object;
}

/** Whether the allocator made the address object for this service. */
export function belongsTo(object: KubeObject, service: KubeObject): boolean {
  const { parentRef } = (object as IPAddress).spec ?? {};
  const { namespace, name } = service.metadata;
  return (
    object.metadata.labels?.[managedByLabel] === managedBy &&
    parentRef?.resource === "services" &&
    parentRef.namespace === namespace &&
    parentRef.name === name
  );
}
