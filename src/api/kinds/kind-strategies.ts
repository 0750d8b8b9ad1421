import { coreStrategies } from "./core/index.ts";
import type { KindStrategy } from "./generic.ts";

/** Strategies of each group by resource, or by `version/resource` where versions differ. The core group is "". */
export const groupStrategies: Readonly<Record<string, Readonly<Record<string, KindStrategy>>>> = {
  "": coreStrategies,
};
