import { isReason } from "../../api/meta/index.ts";
import type { Pod, PodStatus } from "../../api/types/index.ts";
import { type Client, resources } from "../../client/index.ts";
import { type Host, sleep } from "../../host/index.ts";
import { podUid } from "../pod-worker/index.ts";
import { statusPatch } from "./status-patch.ts";

const retryMs = 1000;
/** Status writes and deletions under way at once, over all nodes that share a writer. */
const concurrentMax = 200;

/** Writes pods' status to the API: only what changed, the latest when several changes wait, one write a pod at a time. */
export class StatusWriter {
  readonly #client: Pick<Client, "resource">;
  readonly #host: Host;
  readonly #stopping = new AbortController();
  #free = concurrentMax;
  readonly #waiting: (() => void)[] = [];

  constructor(client: Pick<Client, "resource">, host: Host) {
    this.#client = client;
    this.#host = host;
  }

  /** A line of writes for one pod. */
  lane(pod: Pod): StatusLane {
    return new StatusLane(this, pod);
  }

  stop(): void {
    this.#stopping.abort();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** When the status of a pod may be written; the one of a pod that is being deleted makes room and waits for nothing. */
  turn({ metadata }: Pod): Promise<void> | undefined {
    return metadata.deletionTimestamp == null ? this.#host.background.turn("status") : undefined;
  }

  /** Gives the pod as it then is, or undefined when it is gone. */
  async write(base: Pod, status: PodStatus): Promise<Pod | undefined> {
    return this.#insist(base, async (pod) => {
      const patch = statusPatch(pod.status, status);
      if (patch === undefined) return pod;
      const { namespace, name = "", uid } = pod.metadata;
      const body = { metadata: { uid }, status: patch };
      return this.#client.resource(resources.pods).patchStatus({ namespace, name }, "strategic", body);
    });
  }

  /** Removes the object of a pod of which nothing is left. */
  async remove(base: Pod): Promise<void> {
    await this.#insist(base, async (pod) => {
      const { namespace, name = "", uid } = pod.metadata;
      const options = { gracePeriodSeconds: 0, preconditions: { uid } };
      await this.#client.resource(resources.pods).delete({ namespace, name }, options);
      return undefined;
    });
  }

  /** Tries until it is done, the pod of this UID is gone, or the server says that it never will. */
  async #insist(base: Pod, call: (pod: Pod) => Promise<Pod | undefined>): Promise<Pod | undefined> {
    const { signal } = this.#stopping;
    let pod: Pod | undefined = base;
    while (!signal.aborted && pod !== undefined) {
      await this.#enter();
      try {
        return await call(pod);
      } catch (error) {
        if (isReason(error, "NotFound")) return undefined;
        const isConflict = isReason(error, "Conflict");
        const isHopeless = isReason(error, "Invalid") || isReason(error, "BadRequest");
        if (!isConflict) this.#report(pod, error, isHopeless);
        if (isHopeless) return pod;
        if (isConflict) pod = await this.#current(pod).catch(() => pod);
      } finally {
        this.#leave();
      }
      await sleep(this.#host.clock, retryMs, signal).catch(() => undefined);
    }
    return undefined;
  }

  #report(pod: Pod, error: unknown, isHopeless: boolean): void {
    const { namespace, name } = pod.metadata;
    const fields = { pod: `${namespace}/${name}`, error: error instanceof Error ? error.message : String(error) };
    if (isHopeless) this.#host.log.error("a pod's status was refused", fields);
    else this.#host.log.warn("a pod's status could not be written, trying again", fields);
  }

  async #current(pod: Pod): Promise<Pod | undefined> {
    const { namespace, name = "" } = pod.metadata;
    const found = await this.#client.resource(resources.pods).find({ namespace, name });
    return found !== undefined && podUid(found) === podUid(pod) ? found : undefined;
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** Where the status of one pod goes. */
export interface PodLane {
  /** The newest version known of the pod, with the status that was last written. */
  readonly base: Pod;
  /** The object is not the pod itself: it is removed with what runs of the pod, whoever deleted the pod. */
  readonly isMirror?: boolean;
  /** Another version of the object was seen. */
  saw(pod: Pod): void;
  want(status: PodStatus): void;
  /** Nothing of the pod is left: removes its object. */
  remove(): Promise<void>;
}

/** The writes of one pod, one after the other; of those that wait only the latest is made. */
export class StatusLane implements PodLane {
  readonly #writer: StatusWriter;
  #base: Pod;
  #wanted: PodStatus | undefined;
  #writing: Promise<void> | undefined;

  constructor(writer: StatusWriter, pod: Pod) {
    this.#writer = writer;
    this.#base = pod;
  }

  /** The newest version known of the pod's object. */
  get base(): Pod {
    return this.#base;
  }

  /** Another version of the object was seen. */
  saw(pod: Pod): void {
    if (Number(pod.metadata.resourceVersion) >= Number(this.#base.metadata.resourceVersion)) this.#base = pod;
  }

  want(status: PodStatus): void {
    this.#wanted = status;
    this.#writing ??= this.#write();
  }

  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async remove(): Promise<void> {
    await this.settled();
    await this.#writer.remove(this.#base);
  }

  /** Writes what is wanted until nothing more is; that it has ended is known in the same turn as that nothing is. */
  async #write(): Promise<void> {
    try {
      while (this.#wanted !== undefined) {
        const turn = this.#writer.turn(this.#base);
        if (turn) await turn;
        const status = this.#take();
        if (status === undefined) return;
        const written = await this.#writer.write(this.#base, status);
        if (written === undefined) return;
        this.saw(written);
      }
    } finally {
      this.#writing = undefined;
    }
  }

  #take(): PodStatus | undefined {
    const status = this.#wanted;
    this.#wanted = undefined;
    return status;
  }
}
