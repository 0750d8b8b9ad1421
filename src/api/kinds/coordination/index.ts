/** The resources of the group coordination, one file a kind. */
import type { KindStrategy } from "../generic.ts";
import { leaseStrategy } from "./lease.ts";

/** Strategies by resource. */
export const coordinationStrategies: Readonly<Record<string, KindStrategy>> = { leases: leaseStrategy };
