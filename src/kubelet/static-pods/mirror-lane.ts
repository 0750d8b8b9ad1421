import { isReason } from "../../api/meta/index.ts";
import type { Node, Pod, PodStatus } from "../../api/types/index.ts";
import { type Client, resources } from "../../client/index.ts";
import { type Host, sleep } from "../../host/index.ts";
import type { PodLane, StatusWriter } from "../pods/status-writer.ts";
import { mirroredHash, mirrorOf } from "./static-pod.ts";

const retryMs = 1000;

export interface MirrorPorts {
  readonly host: Host;
  readonly client: Pick<Client, "resource">;
  readonly writer: StatusWriter;
  /** Undefined until the node is registered: mirrors belong to it. */
  node(): Node | undefined;
}

/** Keeps the mirror of one static pod in the API, whoever deletes it, and writes the pod's status to it. */
export class MirrorLane implements PodLane {
  readonly isMirror = true;
  readonly #ports: MirrorPorts;
  readonly #pod: Pod;
  readonly #stopping = new AbortController();
  #mirror: Pod | undefined;
  #status: PodStatus | undefined;
  /** The last status has been written to the mirror there is. */
  #isWritten = true;
  #working: Promise<void> | undefined;

  constructor(ports: MirrorPorts, pod: Pod) {
    this.#ports = ports;
    this.#pod = pod;
    this.#status = pod.status;
  }

  /** The static pod with the status that was told last. */
  get base(): Pod {
    return { ...this.#pod, status: this.#status };
  }

  /** Static pods do not change: a changed manifest is another pod. */
  saw(): void {}

  want(status: PodStatus): void {
    this.#status = status;
    this.#isWritten = false;
    this.#start();
  }

  /** Somebody deleted the mirror, or began to: it is made anew. */
  mirrorGone(): void {
    this.#mirror = undefined;
    this.#isWritten = false;
    this.#start();
  }

  /** The pod has ended and its manifest is gone. */
  async remove(): Promise<void> {
    this.stop();
    await this.#working;
    const found = await this.#find();
    if (found !== undefined && mirroredHash(found) === this.#pod.metadata.uid) await this.#delete(found);
  }

  stop(): void {
    this.#stopping.abort();
  }

  #start(): void {
    this.#working ??= this.#work();
  }

  /** That it has ended is known in the same turn as that nothing is left to be written. */
  async #work(): Promise<void> {
    const { host } = this.#ports;
    const { signal } = this.#stopping;
    try {
      while (!signal.aborted && !this.#isWritten) {
        try {
          if (await this.#writeOnce()) continue;
        } catch (error) {
          const { namespace, name } = this.#pod.metadata;
          host.log.warn("a static pod could not be shown in the API", {
            pod: `${namespace}/${name}`,
            error: String(error),
          });
        }
        await sleep(host.clock, retryMs, signal).catch(() => undefined);
      }
    } finally {
      this.#working = undefined;
    }
  }

  /** Whether there is a mirror that tells the status of a moment ago. */
  async #writeOnce(): Promise<boolean> {
    this.#mirror ??= await this.#ensure();
    const status = this.#status;
    if (this.#mirror === undefined || status === undefined) return false;
    this.#mirror = await this.#ports.writer.write(this.#mirror, status);
    if (this.#mirror === undefined) return false;
    if (status === this.#status) this.#isWritten = true;
    return true;
  }

  /** @returns undefined until the node is registered, or the name is free */
  async #ensure(): Promise<Pod | undefined> {
    const node = this.#ports.node();
    if (node === undefined) return undefined;
    const found = await this.#find();
    if (found === undefined) return this.#ports.client.resource(resources.pods).create(mirrorOf(this.#pod, node));
    const hash = mirroredHash(found);
    if (hash === this.#pod.metadata.uid && found.metadata.deletionTimestamp == null) return found;
    const { namespace, name } = found.metadata;
    if (hash === undefined) throw new Error(`there is another pod ${namespace}/${name} that is no mirror`);
    await this.#delete(found);
    return undefined;
  }

  async #find(): Promise<Pod | undefined> {
    const { namespace, name = "" } = this.#pod.metadata;
    try {
      return await this.#ports.client.resource(resources.pods).find({ namespace, name });
    } catch (error) {
      // A node may not ask for a pod that is not its own, and so not for one that is not there either.
      if (isReason(error, "Forbidden")) return undefined;
      throw error;
    }
  }

  async #delete({ metadata: { namespace, name = "", uid } }: Pod): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    try {
      await this.#ports.client.resource(resources.pods).delete({ namespace, name }, options);
    } catch (error) {
      // Somebody else was faster.
      if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
    }
  }
}
