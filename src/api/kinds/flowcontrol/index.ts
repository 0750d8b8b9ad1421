/** Which requests share which part of the API server's capacity. */
import type { KindStrategy } from "../generic.ts";
import { flowSchemaStrategy } from "./flow-schema.ts";
import { priorityLevelStrategy } from "./priority-level.ts";

export const flowcontrolStrategies: Readonly<Record<string, KindStrategy>> = {
  flowschemas: flowSchemaStrategy,
  prioritylevelconfigurations: priorityLevelStrategy,
};
