import type { NodeConnector } from "../apiserver/index.ts";
import type { ComponentOptions } from "./components.ts";

/** The nodes of this process. They exist before the API server that asks them, and serve after it takes their registration. */
export interface ClusterNodes extends NodeConnector {
  /** Resolves when all nodes are Ready. Gives how to stop them. */
  start(components: ComponentOptions): Promise<() => Promise<void>>;
}
