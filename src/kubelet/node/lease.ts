import { formatMicroTime } from "../../api/meta/index.ts";
import type { Lease, Node } from "../../api/types/index.ts";
import { type Client, resources } from "../../client/index.ts";
import type { Host, Timer } from "../../host/index.ts";

const namespace = "kube-node-lease";
const renewalsInLease = 4;
/** Renewals of many nodes are spread by this share of their period. */
const jitter = 0.04;
const firstRetryMs = 200;
const longestRetryMs = 7000;

/** Tells the cluster that a node is alive, as cheaply as can be. */
export class NodeLease {
  readonly #client: Pick<Client, "resource">;
  readonly #host: Host;
  readonly #name: string;
  readonly #durationSeconds: number;
  #node: Node | undefined;
  #lease: Lease | undefined;
  #timer: Timer | undefined;
  #stopped = false;
  #failures = 0;

  constructor(client: Pick<Client, "resource">, host: Host, name: string, durationSeconds: number) {
    this.#client = client;
    this.#host = host;
    this.#name = name;
    this.#durationSeconds = durationSeconds;
  }

  /** Renews at once and from then on; the node owns the lease. */
  start(node: Node): void {
    this.#node = node;
    void this.#renew(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #renew(isFirst: boolean): Promise<void> {
    const periodMs = (this.#durationSeconds * 1000) / renewalsInLease;
    let delayMs: number;
    try {
      await this.#write();
      this.#failures = 0;
      // The first period is cut at random: nodes that start together do not renew together.
      const share = isFirst ? this.#host.random.next() : 1 + jitter * (this.#host.random.next() - 0.5);
      delayMs = periodMs * share;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#host.log.debug("a node's lease could not be renewed", { node: this.#name, error: text });
      // Whatever it was, the lease may be another by now, or gone: the next try looks.
      this.#lease = undefined;
      delayMs = Math.min(firstRetryMs * 2 ** this.#failures++, longestRetryMs);
    }
    if (this.#stopped) return;
    this.#timer = this.#host.clock.setTimer(delayMs, () => void this.#renew(false));
  }

  async #write(): Promise<void> {
    const leases = this.#client.resource(resources.leases);
    this.#lease ??= await leases.find({ namespace, name: this.#name });
    const renewTime = formatMicroTime(this.#host.clock.now());
    const spec = { holderIdentity: this.#name, leaseDurationSeconds: this.#durationSeconds, renewTime };
    if (this.#lease === undefined) {
      this.#lease = await leases.create({ metadata: { namespace, name: this.#name, ...this.#owner() }, spec });
      return;
    }
    this.#lease = await leases.update({ ...this.#lease, spec: { ...this.#lease.spec, ...spec } });
  }

  #owner() {
    const uid = this.#node?.metadata.uid;
    if (uid === undefined) return {};
    return { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: this.#name, uid }] };
  }
}
