/** Custom resource definitions: how they are written; their resources are served elsewhere. */
import type { KindStrategy } from "../generic.ts";
import { customResourceDefinitionStrategy } from "./custom-resource-definition.ts";

export const apiextensionsStrategies: Readonly<Record<string, KindStrategy>> = {
  customresourcedefinitions: customResourceDefinitionStrategy,
};
