import type { Revision } from "../store.ts";
import type { EtcdConnection } from "./connection.ts";
import type { RangeAnswer } from "./messages.ts";

/**
 * Asks a quorum of etcd's members for the newest revision. Whoever asks while a question is under way shares the next one:
 * the answer must not be older than the question.
 */
export class QuorumReads {
  readonly #etcd: EtcdConnection;
  readonly #key: Buffer;
  #running: Promise<unknown> | undefined;
  #next: Promise<Revision> | undefined;

  /** @param key any key: nothing of it is read but the answer's header */
  constructor(etcd: EtcdConnection, key: Buffer) {
    this.#etcd = etcd;
    this.#key = key;
  }

  /** @throws EtcdCallError */
  revision(): Promise<Revision> {
    this.#next ??= this.#askNext();
    return this.#next;
  }

  async #askNext(): Promise<Revision> {
    await (this.#running ?? Promise.resolve()); // also callers of the same turn share a question
    this.#next = undefined;
    const asking = this.#etcd.call<RangeAnswer>("KV", "Range", { key: this.#key, countOnly: true }, "read");
    this.#running = asking.catch(() => {});
    return (await asking).header.revision;
  }
}
