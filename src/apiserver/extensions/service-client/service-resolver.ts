import { errors, type KubeObject } from "../../../api/meta/index.ts";
import type { EndpointSlice, Service } from "../../../api/types/index.ts";
import type { Random } from "../../../host/index.ts";
import type { Store } from "../../../store/index.ts";
import { defaultServicePort, type ServiceReference } from "./target.ts";

/** Where a port of a service is reached. */
export interface ServiceLocation {
  readonly host: string;
  readonly port: number;
}

/** Where a service is found: at its cluster address, or at one of its ready endpoints where no packets are routed to that. */
export type ServiceRouting = "ClusterIP" | "Endpoints";

export interface ServiceResolverOptions {
  readonly store: Store;
  readonly random: Random;
  /** Default Endpoints. */
  readonly routing?: ServiceRouting;
}

const servicesPrefix = "/registry/services/specs/";
const slicesPrefix = "/registry/endpointslices/";
const serviceNameLabel = "kubernetes.io/service-name";

/** Finds services as they are stored now. */
export class ServiceResolver {
  readonly #options: ServiceResolverOptions;

  constructor(options: ServiceResolverOptions) {
    this.#options = options;
  }

  /** @throws ApiError in the original's words when there is no such service, or nothing behind it. */
  async resolve({ namespace = "", name = "", port = defaultServicePort }: ServiceReference): Promise<ServiceLocation> {
    const { store, routing = "Endpoints" } = this.#options;
    const service = (await store.get(`${servicesPrefix}${namespace}/${name}`))?.object as Service | undefined;
    if (service === undefined) throw errors.notFound({ group: "", resource: "service" }, name);
    const { spec = {} } = service;
    if (spec.type === "ExternalName") return { host: spec.externalName ?? "", port };
    const found = (spec.ports ?? []).find((one) => one.port === port);
    if (found === undefined) {
      throw errors.serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
    }
    if (routing === "ClusterIP" && spec.clusterIP && spec.clusterIP !== "None") return { host: spec.clusterIP, port };
    return this.#endpoint(namespace, name, found.name ?? "");
  }

  async #endpoint(namespace: string, name: string, portName: string): Promise<ServiceLocation> {
    const { store, random } = this.#options;
    const snapshot = await store.list(`${slicesPrefix}${namespace}/`);
    const ready: ServiceLocation[] = [];
    for (const { object } of snapshot.entries()) {
      if (object.metadata.labels?.[serviceNameLabel] === name) ready.push(...readyEndpoints(object, portName));
    }
    const chosen = ready[Math.floor(random.next() * ready.length)];
    if (chosen === undefined) {
      throw errors.serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
    }
    return chosen;
  }
}

function readyEndpoints(object: KubeObject, portName: string): ServiceLocation[] {
  const slice = object as EndpointSlice;
  const port = slice.ports?.find(({ name = "" }) => name === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
}
