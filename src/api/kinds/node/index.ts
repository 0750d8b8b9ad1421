/** Runtime classes: which container runtime pods ask for. */
import type { KindStrategy } from "../generic.ts";
import { runtimeClassStrategy } from "./runtime-class.ts";

export const nodeStrategies: Readonly<Record<string, KindStrategy>> = { runtimeclasses: runtimeClassStrategy };
