/** Devices: their classes, who offers them, who claims them. */
import type { KindStrategy } from "../generic.ts";

export const resourceStrategies: Readonly<Record<string, KindStrategy>> = {};
