/** Numbers that services get from the cluster: cluster IPs (with their IPAddress objects), node ports, health check ports. */

import type { WriteCompanion } from "../handlers/index.ts";
import { type ServiceAllocationOptions, ServiceAllocator } from "./service-allocator.ts";

export { firstServiceIP } from "./ip-range.ts";
export { defaultServiceClusterIPRange, type ServiceAllocationOptions, ServiceAllocator } from "./service-allocator.ts";

/** The companions that createApiHandler takes. */
export function serviceCompanions(options: ServiceAllocationOptions): ReadonlyMap<string, WriteCompanion> {
  const services = options.kinds.byResource("", "v1", "services");
  return services === undefined ? new Map() : new Map([[services.storagePrefix, new ServiceAllocator(options)]]);
}
