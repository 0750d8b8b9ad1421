/** The resources of the group discovery, one file a kind. */
import type { KindStrategy } from "../generic.ts";
import { endpointSliceStrategy } from "./endpoint-slice.ts";

/** Strategies by resource. */
export const discoveryStrategies: Readonly<Record<string, KindStrategy>> = { endpointslices: endpointSliceStrategy };
