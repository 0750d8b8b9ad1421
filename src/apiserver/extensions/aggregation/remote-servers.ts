import type { ServedResource } from "../../../api/kinds/index.ts";
import type { JsonObject, JsonValue, KubeObject } from "../../../api/meta/index.ts";
import type { APIService, EndpointSlice, Service } from "../../../api/types/index.ts";
import type { Counter, Gauge, Timer } from "../../../host/index.ts";
import { Followed } from "../../followed.ts";
import { type Keeper, type KeeperOptions, writeStatus } from "../../keepers/index.ts";
import { CallError, type ServiceClient, type ServiceTarget } from "../service-client/index.ts";
import { isAvailable, isRemote, type RemoteService } from "./api-service.ts";
import { type Availability, failedDiscovery, objection, passed, withAvailability } from "./availability.ts";
import { aggregator, userHeaders } from "./front-proxy.ts";
import { readResources } from "./remote-discovery.ts";
import { type OpenApiPart, partOf, type RemoteOpenApi, v3UrlOf, withPart } from "./remote-openapi.ts";

/** The availability of a server is looked at this often at least. */
const recheckMs = 30_000;
/** Between tries of a server that does not answer: from the first, doubled up to the last. */
const retryFirstMs = 5;
const retryLastMs = 30_000;
/** One that answers is asked this often what it serves. */
const refreshMs = 60_000;
const discoveryTimeoutMs = 5_000;
const probes = 5;

const serviceNameLabel = "kubernetes.io/service-name";

export interface RemoteServersOptions extends KeeperOptions {
  readonly calls: ServiceClient;
}

interface Known {
  service: RemoteService;
  resources: readonly ServedResource[];
  openApi: RemoteOpenApi;
  /** Both as the server told them: what is made of them changes only when it does. */
  said: string;
  isStale: boolean;
  failures: number;
  readAtMs: number;
  checking: boolean;
  again: boolean;
  timer?: Timer;
}

/**
 * The group versions that other servers serve: asks each whether it can be used and what it serves, and tells both where
 * it belongs: in the APIService's condition and in the registry of what is served.
 */
export class RemoteServers implements Keeper {
  readonly #options: RemoteServersOptions;
  readonly #known = new Map<string, Known>();
  readonly #apiServices: Followed;
  readonly #services: Followed;
  readonly #slices: Followed;
  readonly #unavailable: Gauge;
  readonly #unavailableTotal: Counter;
  #backends: Promise<unknown> | undefined;
  #closed = false;

  constructor(options: RemoteServersOptions) {
    this.#options = options;
    const { store, host, kinds } = options;
    this.#unavailable = host.metrics.gauge({
      name: "aggregator_unavailable_apiservice",
      help: "1 for an APIService whose server cannot be used.",
      labels: ["name"],
    });
    this.#unavailableTotal = host.metrics.counter({
      name: "aggregator_unavailable_apiservice_total",
      help: "How often an APIService's server could not be used any more, and why.",
      labels: ["name", "reason"],
    });
    const prefixOf = (apiVersion: string, kind: string) =>
      `${kinds.byApiVersionKind(apiVersion, kind)?.storagePrefix}/`;
    const apiServices = prefixOf("apiregistration.k8s.io/v1", "APIService");
    this.#apiServices = new Followed(store, apiServices, host, (key, object) =>
      this.#changed(key.slice(apiServices.length), object as APIService | undefined),
    );
    const services = prefixOf("v1", "Service");
    this.#services = new Followed(store, services, host, (key) => this.#backendChanged(key.slice(services.length)));
    this.#slices = new Followed(store, prefixOf("discovery.k8s.io/v1", "EndpointSlice"), host, (_, slice) => {
      // Of one that is gone it is not known whose it was; there are few API services.
      if (slice === undefined) this.#backendChanged(undefined);
      else this.#backendChanged(`${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel]}`);
    });
  }

  async start(): Promise<void> {
    await this.#apiServices.start();
  }

  /** Services are followed from the first group version on that another server serves. */
  #followBackends(): Promise<unknown> {
    this.#backends ??= Promise.all([this.#services.start(), this.#slices.start()]);
    return this.#backends;
  }

  close(): void {
    this.#closed = true;
    for (const followed of [this.#apiServices, this.#services, this.#slices]) followed.close();
    for (const { timer } of this.#known.values()) timer?.cancel();
  }

  /** How the server of a group version is called, if it can be used now. */
  usable(group: string, version: string): ServiceTarget | undefined {
    const known = this.#known.get(`${version}.${group}`);
    return known !== undefined && isAvailable(known.service) ? targetOf(known.service) : undefined;
  }

  /** Where the documents of version 3 are, by the path of the group version without its slash. */
  openApiV3(): Map<string, string> {
    const found = new Map<string, string>();
    for (const { service, openApi } of this.#known.values()) {
      if (openApi.v3Url !== undefined) found.set(pathOf(service).slice(1), openApi.v3Url);
    }
    return found;
  }

  /** Adds what other servers say to the document of version 2. */
  withOpenApiV2(document: JsonObject): JsonObject {
    let whole = document;
    for (const { openApi } of this.#known.values()) {
      if (openApi.v2 !== undefined) whole = withPart(whole, openApi.v2);
    }
    return whole;
  }

  #changed(name: string, service: APIService | undefined): void {
    const known = this.#known.get(name);
    if (service === undefined || !isRemote(service)) {
      if (known === undefined) return;
      known.timer?.cancel();
      this.#known.delete(name);
      this.#unavailable.remove(name);
      this.#options.kinds.withdraw(known.service.spec.group ?? "", known.service.spec.version ?? "");
      return;
    }
    if (known === undefined) {
      const fresh = newlyKnown(service);
      this.#known.set(name, fresh);
      this.#tell(fresh);
      this.#check(name);
      return;
    }
    const { spec } = known.service;
    known.service = service;
    if (spec === service.spec) return; // its status: told here
    this.#tell(known);
    this.#check(name);
  }

  #backendChanged(key: string | undefined): void {
    for (const [name, { service }] of this.#known) {
      const { namespace, name: backend } = service.spec.service as { namespace?: string; name?: string };
      if (key === undefined || key === `${namespace}/${backend}`) this.#check(name);
    }
  }

  /** Once at a time; what changes meanwhile is looked at afterwards. */
  #check(name: string): void {
    const known = this.#known.get(name);
    if (known === undefined || this.#closed) return;
    known.timer?.cancel();
    if (known.checking) {
      known.again = true;
      return;
    }
    known.checking = true;
    void this.#look(name, known)
      .catch((error: unknown) => {
        this.#options.host.log.error("an APIService cannot be looked at", { name, error: String(error) });
        return false;
      })
      .then((isWell) => {
        known.checking = false;
        if (this.#closed || this.#known.get(name) !== known) return;
        if (known.again) {
          known.again = false;
          this.#check(name);
          return;
        }
        known.failures = isWell ? 0 : known.failures + 1;
        const retryMs = Math.min(retryFirstMs * 2 ** (known.failures - 1), retryLastMs);
        known.timer = this.#options.host.clock.setTimer(isWell ? recheckMs : retryMs, () => this.#check(name));
      });
  }

  /** False when it is to be tried again soon. */
  async #look(name: string, known: Known): Promise<boolean> {
    await this.#followBackends();
    const { service } = known;
    const { namespace = "", name: backend = "" } = service.spec.service as { namespace?: string; name?: string };
    const backing = this.#services.get(`${namespace}/${backend}`) as Service | undefined;
    const told = objection(service, backing, this.#slicesOf(namespace, backend));
    const availability = told ?? (await this.#probe(service, backing));
    // What was found out is of the APIService as it was.
    if (known.service.spec !== service.spec || this.#known.get(name) !== known) return true;
    await this.#write(name, known, availability);
    const isUsable = availability.status === "True";
    const isOld = this.#options.host.clock.now() - known.readAtMs >= refreshMs;
    if (isUsable && (known.isStale || isOld)) await this.#read(known);
    else if (!isUsable && !known.isStale) {
      known.isStale = true;
      this.#tell(known);
    }
    // An objection goes when an object changes, and then it is looked at anyway.
    return isUsable ? !known.isStale : told !== undefined;
  }

  #slicesOf(namespace: string, service: string): EndpointSlice[] {
    const of = (object: KubeObject) =>
      object.metadata.namespace === namespace && object.metadata.labels?.[serviceNameLabel] === service;
    return [...this.#slices.values()].filter(of) as EndpointSlice[];
  }

  /** Asks several times at once: one answer is enough. */
  async #probe(service: RemoteService, backing: Service | undefined): Promise<Availability> {
    const shown = `${shownOrigin(service, backing)}${pathOf(service)}`;
    const insecure: ServiceTarget = { ...targetOf(service), caBundle: undefined, insecureSkipTLSVerify: true };
    const asked = Array.from({ length: probes }, async () => {
      const { status } = await this.#get(insecure, pathOf(service));
      if (status < 200 || status >= 300) throw new Error(`bad status from ${shown}: ${status}`);
    });
    try {
      await Promise.any(asked);
      return passed;
    } catch (error) {
      const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : error;
      const why = last instanceof CallError ? last.message.replace(/^Get "[^"]*"/, `Get "${shown}"`) : messageOf(last);
      return failedDiscovery(`failing or missing response from ${shown}: ${why}`);
    }
  }

  async #read(known: Known): Promise<void> {
    const { group = "", version = "" } = known.service.spec;
    try {
      const { status, body } = await this.#get(targetOf(known.service), pathOf(known.service));
      if (status !== 200) throw new Error(`it answered ${status}`);
      const text = body.toString();
      const openApi = await this.#readOpenApi(known.service);
      const said = JSON.stringify([text, openApi]);
      if (said !== known.said) {
        known.resources = readResources(JSON.parse(text), group, version);
        known.openApi = openApi;
        known.said = said;
      }
      known.readAtMs = this.#options.host.clock.now();
      known.isStale = false;
    } catch (error) {
      known.isStale = true;
      const name = known.service.metadata.name;
      this.#options.host.log.warn("what an APIService serves cannot be read", { name, error: messageOf(error) });
    }
    this.#tell(known);
  }

  /** A server need not have these documents. */
  async #readOpenApi(service: RemoteService): Promise<RemoteOpenApi> {
    const read = async (path: string): Promise<JsonValue> => {
      const { status, body } = await this.#get(targetOf(service), path);
      return status === 200 ? (JSON.parse(body.toString()) as JsonValue) : null;
    };
    const found: { v3Url?: string; v2?: OpenApiPart } = {};
    try {
      const v3Url = v3UrlOf(await read("/openapi/v3"), pathOf(service));
      if (v3Url !== undefined) found.v3Url = v3Url;
      found.v2 = partOf(await read("/openapi/v2"), pathOf(service));
    } catch (error) {
      const name = service.metadata.name;
      this.#options.host.log.debug("the OpenAPI documents of an APIService cannot be read", {
        name,
        error: messageOf(error),
      });
    }
    return found;
  }

  #get(target: ServiceTarget, path: string) {
    const headers = { ...userHeaders(aggregator), accept: "application/json" };
    return this.#options.calls.call(target, { method: "GET", path, headers, timeoutMs: discoveryTimeoutMs });
  }

  async #write(name: string, known: Known, availability: Availability): Promise<void> {
    const isUsable = availability.status === "True";
    this.#unavailable.set({ name }, isUsable ? 0 : 1);
    const conditions = withAvailability(known.service, availability, this.#options.host.clock.now());
    if (conditions === undefined) return;
    if (!isUsable) this.#unavailableTotal.labels(name, availability.reason).inc();
    const target = { group: "apiregistration.k8s.io", version: "v1", resource: "apiservices", name };
    const body = { status: { conditions: conditions.map((condition) => ({ ...condition })) } };
    await writeStatus(this.#options, { ...target, patchType: "application/merge-patch+json", body, options: {} });
    // Requests may come before the change has been seen.
    if (this.#known.get(name) === known) known.service = { ...known.service, status: { conditions } };
  }

  #tell({ service, resources, isStale }: Known): void {
    const { group = "", version = "", groupPriorityMinimum, versionPriority } = service.spec;
    const { kinds } = this.#options;
    const told = kinds.delegated(group, version);
    const isTold =
      told?.resources === resources &&
      told.isStale === isStale &&
      told.groupPriorityMinimum === groupPriorityMinimum &&
      told.versionPriority === versionPriority;
    if (!isTold) kinds.delegate({ group, version, groupPriorityMinimum, versionPriority, resources, isStale });
  }
}

function newlyKnown(service: RemoteService): Known {
  return {
    service,
    resources: [],
    openApi: {},
    said: "",
    isStale: true,
    failures: 0,
    readAtMs: 0,
    checking: false,
    again: false,
  };
}

/** How a server is called that stands behind an APIService. */
function targetOf({ spec }: RemoteService): ServiceTarget {
  const { namespace, name, port } = spec.service as { namespace?: string; name?: string; port?: number };
  return {
    service: { namespace, name, port },
    caBundle: spec.caBundle ?? undefined,
    insecureSkipTLSVerify: spec.insecureSkipTLSVerify,
  };
}

function pathOf({ spec }: RemoteService): string {
  return spec.group ? `/apis/${spec.group}/${spec.version}` : `/api/${spec.version}`;
}

/** Where the original would ask. */
function shownOrigin({ spec }: RemoteService, backing: Service | undefined): string {
  const { port = 443 } = spec.service as { port?: number };
  const { type, externalName, clusterIP } = backing?.spec ?? {};
  const host = (type === "ExternalName" ? externalName : clusterIP) ?? "";
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
