import type { KubeObject } from "../../api/meta/index.ts";
import type { Compare, Entry, Operation, Store } from "../../store/index.ts";

type NodePortClaim = KubeObject & { spec: { service: string } };

const claimsPrefix = "/registry/sampan.dev/nodeportclaims/";

/**
 * Where several API servers write to one store, each node port has a key of its own, written in the transaction that gives
 * the port to a service: two servers cannot give it to two. (Addresses have their IPAddress objects for that.)
 */
export class PortClaims {
  readonly #store: Store;
  readonly #areNeeded: boolean;

  /** @param isShared whether other processes write to the store: only then claims are made */
  constructor(store: Store, isShared: boolean) {
    this.#store = store;
    this.#areNeeded = isShared;
  }

  /**
   * What claims ports for a service. A claim whose port nobody has is left over and is taken over.
   * @param isHeld whether a stored service has the port, now that the claim was read
   */
  async taking(
    ports: readonly number[],
    service: KubeObject,
    isHeld: (port: number) => boolean,
  ): Promise<{ compare: Compare[]; operations: Operation[] }> {
    if (!this.#areNeeded || ports.length === 0) return { compare: [], operations: [] };
    const found = await Promise.all(ports.map((port) => this.#claim(port)));
    const compare = ports.map((port, i) => {
      const entry = found[i];
      return { key: keyOf(port), revision: entry === undefined || isHeld(port) ? 0 : entry.revision };
    });
    const operations = ports.map((port): Operation => {
      const object: NodePortClaim = {
        apiVersion: "sampan.dev/v1",
        kind: "NodePortClaim",
        metadata: { name: String(port) },
        spec: { service: nameOf(service) },
      };
      return { type: "put", key: keyOf(port), object };
    });
    return { compare, operations };
  }

  /** What gives back those of the ports that are claimed for the service. */
  async givingBack(ports: readonly number[], service: KubeObject): Promise<Operation[]> {
    if (!this.#areNeeded || ports.length === 0) return [];
    const found = await Promise.all(ports.map((port) => this.#claim(port)));
    return found.flatMap((entry) => {
      const belongs = (entry?.object as NodePortClaim | undefined)?.spec.service === nameOf(service);
      return entry !== undefined && belongs ? [{ type: "delete", key: entry.key } as const] : [];
    });
  }

  #claim(port: number): Promise<Entry | undefined> {
    return this.#store.get(keyOf(port));
  }
}

function keyOf(port: number): string {
  return claimsPrefix + port;
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
