import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "../../api/types/index.ts";
import { type Counter, type Host, undefinedIfAbsent } from "../../host/index.ts";
import { podUid } from "../pod-worker/index.ts";
import type { RuntimeHandler, UserNamespace } from "../runtime/runtime.ts";
import { IdBlocks } from "./id-blocks.ts";
import { kubeletIds, type ProgramRunner, runProgram } from "./kubelet-ids.ts";
import { MappingsFile } from "./mappings-file.ts";

/** Pods cannot have users of their own as they are set up here. */
export class UserNamespaceError extends Error {
  override readonly name = "UserNamespaceError";
}

export interface UserNamespacesOptions {
  readonly host: Host;
  /** Where each pod has its folder. */
  readonly podsFolder: string;
  /** How many pods the node takes. */
  readonly podsMax: number;
  /** Default 65536. */
  readonly idsPerPod?: number;
  /** What the runtime's handlers can do; undefined when it does not tell. */
  handlers(): Promise<readonly RuntimeHandler[] | undefined>;
  /** Default: programs of this machine. */
  readonly run?: ProgramRunner;
}

const defaultIdsPerPod = 65_536;

/** Which IDs of the machine stand for those within each pod that has users of its own. */
export class UserNamespaces {
  readonly #options: UserNamespacesOptions;
  readonly #blocks: IdBlocks;
  readonly #length: number;
  readonly #started: Counter;
  readonly #failed: Counter;

  private constructor(options: UserNamespacesOptions, blocks: IdBlocks) {
    this.#options = options;
    this.#blocks = blocks;
    this.#length = options.idsPerPod ?? defaultIdsPerPod;
    const { metrics } = options.host;
    this.#started = metrics.counter({
      name: "kubelet_started_user_namespaced_pods_total",
      help: "Cumulative number of pods with user namespaces started. This metric will only be collected on Linux nodes.",
    });
    this.#failed = metrics.counter({
      name: "kubelet_started_user_namespaced_pods_errors_total",
      help: "Cumulative number of errors when starting pods with user namespaces. This metric will only be collected on Linux nodes.",
    });
  }

  /**
   * Finds out which IDs pods may have, and which ones those have that are here already.
   * @throws UserNamespaceError that says what of it does not fit
   */
  static async open(options: UserNamespacesOptions): Promise<UserNamespaces> {
    const { host, podsMax, idsPerPod = defaultIdsPerPod, run = runProgram } = options;
    try {
      const range = await explained("kubelet mappings", () => kubeletIds(run, idsPerPod));
      const namespaces = new UserNamespaces(options, new IdBlocks(range, idsPerPod, podsMax, host.random));
      for (const uid of await namespaces.#uidsOnDisk()) {
        await explained(`record pod mappings for existing pod ${JSON.stringify(uid)}`, () => namespaces.#recall(uid));
      }
      return namespaces;
    } catch (cause) {
      throw new UserNamespaceError(`create user namespace manager: ${textOf(cause)}`, { cause });
    }
  }

  /**
   * The pod's IDs, which it gets now if it has none yet; undefined for one that has the machine's users.
   * @param handler of its runtime class, empty for the default one
   * @throws Error when the runtime cannot map users, or no IDs are left
   */
  async make(pod: Pod, handler: string): Promise<UserNamespace | undefined> {
    if (pod.spec?.hostUsers !== false) return undefined;
    await this.#checkHandler(handler);
    const uid = podUid(pod);
    await explained("user namespace", () => this.#recall(uid));
    if (this.#blocks.of(uid) === undefined) await explained("create user namespace", () => this.#create(uid));
    return this.of(pod);
  }

  /** The IDs that the pod has by now. */
  of(pod: Pod): UserNamespace | undefined {
    const hostId = this.#blocks.of(podUid(pod));
    if (hostId === undefined) return undefined;
    const mapping = [{ hostId, containerId: 0, length: this.#length }];
    return { uids: mapping, gids: mapping };
  }

  /** Nothing of the pod runs any more: others may have its IDs. */
  async release(uid: string): Promise<void> {
    if (this.#blocks.of(uid) === undefined) return;
    this.#blocks.release(uid);
    await this.#file(uid).remove();
  }

  /** Takes their IDs from pods that are not known any more. */
  async removeOrphans(isKnown: (uid: string) => boolean): Promise<void> {
    for (const uid of [...this.#blocks.uids]) if (!isKnown(uid)) await this.release(uid);
  }

  /** Counts the start of a pod, if it has users of its own, and whether it worked. */
  async counting<T>(pod: Pod, start: () => Promise<T>): Promise<T> {
    if (pod.spec?.hostUsers !== false) return start();
    this.#started.inc();
    try {
      return await start();
    } catch (error) {
      this.#failed.inc();
      throw error;
    }
  }

  async #create(uid: string): Promise<void> {
    const first = this.#blocks.allocate(uid);
    try {
      await this.#file(uid).write(first, this.#length);
    } catch (error) {
      this.#blocks.release(uid);
      throw error;
    }
  }

  async #recall(uid: string): Promise<void> {
    const known = await this.#file(uid).read();
    if (known !== undefined) this.#blocks.record(uid, known);
  }

  async #checkHandler(name: string): Promise<void> {
    const which = name === "" ? "runtime" : `RuntimeClass handler ${JSON.stringify(name)}`;
    const problem = `can't set \`spec.hostUsers: false\`, ${which} does not support user namespaces`;
    const handlers = await this.#options.handlers();
    if (handlers === undefined) throw new Error(`${problem}: runtime handlers are not set`);
    const handler = handlers.find((one) => one.name === name);
    if (handler === undefined) throw new Error(`${problem}: the handler ${JSON.stringify(name)} is not known`);
    if (!handler.userNamespaces) throw new Error(problem);
  }

  async #uidsOnDisk(): Promise<readonly string[]> {
    const entries = await readdir(this.#options.podsFolder, { withFileTypes: true }).catch(undefinedIfAbsent);
    return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  #file(uid: string): MappingsFile {
    return new MappingsFile(join(this.#options.podsFolder, uid));
  }
}

async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${what}: ${textOf(cause)}`, { cause });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
