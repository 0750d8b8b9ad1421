/** The resources of the group scheduling, one file a kind. */
import type { KindStrategy } from "../generic.ts";
import { priorityClassStrategy } from "./priority-class.ts";

/** Strategies by resource. */
export const schedulingStrategies: Readonly<Record<string, KindStrategy>> = { priorityclasses: priorityClassStrategy };
