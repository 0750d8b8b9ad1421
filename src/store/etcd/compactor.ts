import type { Host, Timer } from "../../host/index.ts";
import type { Revision } from "../store.ts";
import type { EtcdConnection } from "./connection.ts";
import type { TxnAnswer } from "./messages.ts";

/** The original's key: the version of it counts compactions, so that of several API servers one compacts. */
const key = Buffer.from("compact_rev_key");

interface Turn {
  /** The version of the key when it was last seen. */
  readonly version: number;
  /** Where etcd was then: what came before is forgotten a whole interval later. */
  readonly revision: Revision;
}

/** Compacts etcd's history every interval, as kube-apiserver does and together with others that do. */
export class Compactor {
  readonly #host: Host;
  readonly #etcd: EtcdConnection;
  readonly #intervalMs: number;
  #timer: Timer | undefined;
  #last: Turn = { version: 0, revision: 0 };

  /** @param intervalMs 0 leaves compaction to somebody else */
  constructor(host: Host, etcd: EtcdConnection, intervalMs: number) {
    this.#host = host;
    this.#etcd = etcd;
    this.#intervalMs = intervalMs;
    this.#arm();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#intervalMs <= 0) return;
    this.#timer = this.#host.clock.setTimer(this.#intervalMs, () => {
      this.#arm();
      this.#turn().then(
        (turn) => {
          this.#last = turn;
        },
        (error: unknown) => this.#host.log.warn("etcd could not be compacted", { error: String(error) }),
      );
    });
  }

  async #turn(): Promise<Turn> {
    const { version, revision } = this.#last;
    const request = {
      compare: [{ result: "EQUAL", target: "VERSION", key, version }],
      success: [{ requestPut: { key, value: Buffer.from(String(revision)) } }],
      failure: [{ requestRange: { key } }],
    };
    const answer = await this.#etcd.call<TxnAnswer>("KV", "Txn", request, "write");
    if (!answer.succeeded) {
      const seen = answer.responses[0]?.responseRange?.kvs[0]?.version ?? 0;
      return { version: seen, revision: answer.header.revision };
    }
    if (revision > 0) await this.#etcd.call("KV", "Compact", { revision }, "read");
    return { version: version + 1, revision: answer.header.revision };
  }
}
