import type { Pod, Service } from "../../api/types/index.ts";
import type { Informer } from "../../client/index.ts";
import { isStaticPod } from "../static-pods/index.ts";

export type Variable = { readonly key: string; readonly value: string };

const masterNamespace = "default";
const masterService = "kubernetes";
const byNamespace = "namespace";

/** The variables by which containers find the services of their namespace, made once for all pods of it. */
export class ServiceEnvironment {
  readonly #services: Informer<Service>;
  readonly #made = new Map<string, readonly Variable[]>();

  constructor(services: Informer<Service>) {
    this.#services = services;
    services.addIndexer(byNamespace, ({ metadata }) => [metadata.namespace ?? ""]);
    const forget = ({ metadata }: Service): void => {
      this.#made.delete(metadata.namespace ?? "");
      if (metadata.namespace === masterNamespace && metadata.name === masterService) this.#made.clear();
    };
    services.addHandlers({ add: forget, update: forget, delete: forget });
  }

  /** Waits until services are known at all. */
  async of(pod: Pod): Promise<readonly Variable[]> {
    // One from the node's own manifests may be what the API server runs as.
    if (!this.#services.hasSynced() && isStaticPod(pod)) return [];
    await this.#services.whenSynced();
    const { namespace = "" } = pod.metadata;
    // The API server is told of even where links to services are not wanted.
    if (pod.spec?.enableServiceLinks === false) return serviceVariables(this.#master());
    const known = this.#made.get(namespace);
    if (known !== undefined) return known;
    const own = this.#services.store.byIndex(byNamespace, namespace);
    const hasOwn = own.some(({ metadata }) => metadata.name === masterService);
    const made = serviceVariables(hasOwn ? own : [...this.#master(), ...own]);
    this.#made.set(namespace, made);
    return made;
  }

  #master(): readonly Service[] {
    const master = this.#services.store.get(`${masterNamespace}/${masterService}`);
    return master === undefined ? [] : [master];
  }
}

/** `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT` and the links of old Docker, for services with an address. */
export function serviceVariables(services: readonly Service[]): readonly Variable[] {
  const sorted = [...services].sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
  return sorted.flatMap(({ metadata, spec }) => {
    const { clusterIP = "", ports = [] } = spec ?? {};
    const [first] = ports;
    if (clusterIP === "" || clusterIP === "None" || first === undefined) return [];
    const prefix = variableName(metadata.name ?? "");
    const variables: Variable[] = [
      { key: `${prefix}_SERVICE_HOST`, value: clusterIP },
      { key: `${prefix}_SERVICE_PORT`, value: String(first.port) },
    ];
    for (const { name, port } of ports) {
      if (name) variables.push({ key: `${prefix}_SERVICE_PORT_${variableName(name)}`, value: String(port) });
    }
    const host = clusterIP.includes(":") ? `[${clusterIP}]` : clusterIP;
    for (const [index, { port, protocol = "TCP" }] of ports.entries()) {
      const link = `${protocol.toLowerCase()}://${host}:${port}`;
      if (index === 0) variables.push({ key: `${prefix}_PORT`, value: link });
      const own = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      variables.push(
        { key: own, value: link },
        { key: `${own}_PROTO`, value: protocol.toLowerCase() },
        { key: `${own}_PORT`, value: String(port) },
        { key: `${own}_ADDR`, value: clusterIP },
      );
    }
    return variables;
  });
}

function variableName(name: string): string {
  const upper = name.replace(/[.-]/g, "_").toUpperCase();
  return /^[0-9]/.test(upper) ? `_${upper}` : upper;
}
