import type { KindStrategy } from "./generic.ts";

/** Strategies by `group/resource`, or `group/version/resource` where versions differ. The core group is "". */
export const kindStrategies: Readonly<Record<string, KindStrategy>> = {};
