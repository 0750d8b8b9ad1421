/** The core group's resources, one file or folder a kind. */
import type { KindStrategy } from "../generic.ts";
import { configMapStrategy } from "./config-map.ts";
import { namespaceStrategy } from "./namespace.ts";
import { nodeStrategy } from "./node.ts";
import { podStrategy } from "./pod/index.ts";
import { secretStrategy } from "./secret.ts";
import { serviceStrategy } from "./service/index.ts";
import { serviceAccountStrategy } from "./service-account.ts";

/** Strategies by resource. */
export const coreStrategies: Readonly<Record<string, KindStrategy>> = {
  configmaps: configMapStrategy,
  namespaces: namespaceStrategy,
  nodes: nodeStrategy,
  pods: podStrategy,
  secrets: secretStrategy,
  serviceaccounts: serviceAccountStrategy,
  services: serviceStrategy,
};
