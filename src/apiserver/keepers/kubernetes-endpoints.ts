import { isReason, type JsonObject, type KubeObject } from "../../api/meta/index.ts";
import type { Timer } from "../../host/index.ts";
import type { ApiRequest } from "../request.ts";
import { itself, type Keeper, type KeeperOptions } from "./keeper.ts";

/** The original's: how long an API server counts as alive after its last word, and how often it gives one. */
const leaseSeconds = 15;
const intervalMs = 10_000;
const leasesPrefix = "/registry/masterleases/";

interface Lease extends KubeObject {
  subsets?: { addresses: { ip: string }[] }[];
}

export interface Advertised {
  readonly address: string;
  readonly port: number;
}

/**
 * Keeps the kubernetes service's endpoints to the API servers that are alive: each writes a lease with its address, and the
 * endpoints are the addresses of the leases (`--endpoint-reconciler-type=lease`). Those that end say so, those that die are
 * forgotten when their lease ends.
 */
export async function keepKubernetesEndpoints(options: KeeperOptions, advertised: Advertised): Promise<Keeper> {
  const keeper = new EndpointsKeeper(options, advertised);
  try {
    await keeper.renew();
  } catch (error) {
    await keeper.close();
    throw error;
  }
  return keeper;
}

class EndpointsKeeper implements Keeper {
  readonly #options: KeeperOptions;
  readonly #advertised: Advertised;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: KeeperOptions, advertised: Advertised) {
    this.#options = options;
    this.#advertised = advertised;
    this.#arm();
  }

  /** One after the other. @throws what the store or the API said */
  renew(): Promise<void> {
    const turn = this.#running.then(() => this.#renew());
    this.#running = turn.catch(() => {}); // whoever waits for this turn is told
    return turn;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
    try {
      await this.#options.store.commit({ compare: [], operations: [{ type: "delete", key: this.#key }] });
      const rest = await this.#alive();
      // The last one leaves its endpoints: a service without any is worse than one whose server is down.
      if (rest.length > 0) await this.#tell(rest);
    } catch (error) {
      this.#options.host.log.warn("the address of this API server stays until its lease ends", {
        error: String(error),
      });
    }
  }

  #arm(): void {
    this.#timer = this.#options.host.clock.setTimer(intervalMs, () => {
      this.#arm();
      this.renew().catch((error: unknown) => {
        if (!this.#closed) {
          this.#options.host.log.error("the endpoints of the kubernetes service cannot be kept", {
            error: String(error),
          });
        }
      });
    });
  }

  get #key(): string {
    return leasesPrefix + this.#advertised.address;
  }

  async #renew(): Promise<void> {
    if (this.#closed) return;
    const { store } = this.#options;
    const known = (await store.get(this.#key))?.object;
    const object: Lease = {
      apiVersion: "v1",
      kind: "Endpoints",
      // The original counts up so that every renewal differs from the one before.
      metadata: { generation: (known?.metadata.generation ?? 0) + 1 },
      subsets: [{ addresses: [{ ip: this.#advertised.address }] }],
    };
    await store.commit({
      compare: [],
      operations: [{ type: "put", key: this.#key, object, ttlSeconds: leaseSeconds }],
    });
    await this.#tell(await this.#alive());
  }

  async #alive(): Promise<string[]> {
    const snapshot = await this.#options.store.list(leasesPrefix);
    const addresses = [...snapshot.entries()].flatMap(({ object }) =>
      ((object as Lease).subsets ?? []).flatMap((subset) => subset.addresses.map(({ ip }) => ip)),
    );
    return [...new Set(addresses)].sort();
  }

  async #tell(addresses: readonly string[]): Promise<void> {
    const { port } = this.#advertised;
    const place = { namespace: "default", name: "kubernetes" };
    const ports = [{ name: "https", port, protocol: "TCP" }];
    await this.#ensure(
      { group: "", version: "v1", resource: "endpoints" },
      {
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { ...place, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
        subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports }],
      },
    );
    await this.#ensure(
      { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" },
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { ...place, labels: { "kubernetes.io/service-name": "kubernetes" } },
        addressType: "IPv4",
        endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
        ports,
      },
    );
  }

  /** Applied as the API server's own: what is the same already is not written. */
  async #ensure(
    resource: { group: string; version: string; resource: string },
    body: JsonObject & { metadata: { namespace: string; name: string; labels: Record<string, string> } },
  ): Promise<void> {
    const { namespace, name } = body.metadata;
    const target = { ...resource, namespace, name, user: itself, userAgent: "kube-apiserver/v1.36.2" };
    const { handler } = this.#options;
    try {
      const { metadata: _, ...content } = body;
      const patchType = "application/merge-patch+json";
      await handler.handle({ ...target, verb: "patch", patchType, body: content, options: {} });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
      await this.#create({ ...target, name: undefined, verb: "create", body, options: {} });
    }
  }

  async #create(request: ApiRequest): Promise<void> {
    try {
      await this.#options.handler.handle(request);
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error; // another API server was faster; the next turn compares
    }
  }
}
