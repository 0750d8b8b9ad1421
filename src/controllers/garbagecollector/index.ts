/** Follows owner references over all resources: what lost its owners goes, and owners wait for what they own. */
export { startGarbageCollector } from "./controller.ts";
