/** API services: which server answers for a group's version. */
import type { KindStrategy } from "../generic.ts";
import { apiServiceStrategy } from "./api-service.ts";

export const apiregistrationStrategies: Readonly<Record<string, KindStrategy>> = { apiservices: apiServiceStrategy };
