import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isReason } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import type { Timer } from "../../host/index.ts";
import { podUid } from "../pod-worker/index.ts";
import type { PodHandlers } from "../pods/pod-source.ts";
import type { PodLane } from "../pods/status-writer.ts";
import { MirrorLane, type MirrorPorts } from "./mirror-lane.ts";
import { type Manifest, mirroredHash, staticPodOf } from "./static-pod.ts";

export interface StaticPodsOptions {
  /** The folder of manifests, or one manifest (`--pod-manifest-path`). */
  readonly path: string;
  readonly nodeName: string;
  /** How often the folder is read. Default a second. */
  readonly intervalMs?: number;
}

/** What the kubelet does with static pods. */
export interface StaticPodHandlers extends PodHandlers {
  /** Whether something of the pod is still here. */
  isRunning(podUid: string): boolean;
}

const defaultIntervalMs = 1000;

/**
 * Pods that the node runs because a folder of the machine says so, whether or not there is an API server. A changed
 * manifest ends the old pod before the new one starts; each is shown in the API by a mirror.
 */
export class StaticPods {
  readonly #options: StaticPodsOptions;
  readonly #mirrors: MirrorPorts;
  readonly #lanes = new Map<string, MirrorLane>();
  /** What was handed over, by namespace and name: one at a time. */
  readonly #handed = new Map<string, Pod>();
  readonly #ending = new Set<string>();
  /** Manifests by path, with what was made of them: problems are told once. */
  #known = new Map<string, { readonly text: string; readonly pod: Pod | undefined }>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: StaticPodsOptions, mirrors: MirrorPorts) {
    this.#options = options;
    this.#mirrors = mirrors;
  }

  /** Resolves when the pods of the present manifests have been handed over. */
  async start(handlers: StaticPodHandlers): Promise<void> {
    await this.#look(handlers);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const lane of this.#lanes.values()) lane.stop();
  }

  /** Where a static pod's status goes; undefined for pods of the API. */
  lane(pod: Pod): PodLane | undefined {
    return this.#lanes.get(podUid(pod));
  }

  /** A mirror was seen in the API: it is not a pod to be run. */
  mirrorSeen(mirror: Pod): void {
    const lane = this.#lanes.get(mirroredHash(mirror) ?? "");
    if (lane === undefined) void this.#removeStale(mirror);
    else if (mirror.metadata.deletionTimestamp != null) lane.mirrorGone();
  }

  mirrorGone(mirror: Pod): void {
    this.#lanes.get(mirroredHash(mirror) ?? "")?.mirrorGone();
  }

  async #look(handlers: StaticPodHandlers): Promise<void> {
    const { clock, log } = this.#mirrors.host;
    try {
      const wanted = await this.#wanted();
      for (const [key, pod] of this.#handed) this.#endOld(key, pod, wanted.get(key), handlers);
      for (const [key, pod] of wanted) if (!this.#handed.has(key)) await this.#hand(key, pod, handlers);
    } catch (error) {
      log.error("the manifests of static pods could not be read", { path: this.#options.path, error: String(error) });
    }
    if (this.#stopped) return;
    this.#timer = clock.setTimer(this.#options.intervalMs ?? defaultIntervalMs, () => void this.#look(handlers));
  }

  #endOld(key: string, pod: Pod, wanted: Pod | undefined, handlers: StaticPodHandlers): void {
    const uid = podUid(pod);
    if (wanted !== undefined && podUid(wanted) === uid && !this.#ending.has(uid)) return;
    if (!this.#ending.has(uid)) {
      this.#ending.add(uid);
      handlers.remove(pod);
    }
    if (handlers.isRunning(uid)) return;
    this.#ending.delete(uid);
    this.#handed.delete(key);
    const lane = this.#lanes.get(uid);
    this.#lanes.delete(uid);
    // One that was never taken on has no end of its own.
    lane?.remove().catch((error: unknown) => this.#mirrors.host.log.warn("a mirror could not be deleted", { error }));
  }

  async #hand(key: string, pod: Pod, handlers: StaticPodHandlers): Promise<void> {
    const started = { ...pod, status: await this.#formerStatus(pod) };
    const lane = new MirrorLane(this.#mirrors, started);
    this.#lanes.set(podUid(pod), lane);
    this.#handed.set(key, started);
    handlers.add(started, true);
  }

  /**
   * What the mirror told of the very pod before the kubelet started. The API may not be there. A pod that was over is looked at
   * anew: the machine may have gone down meanwhile, and it is to run again.
   */
  async #formerStatus(pod: Pod): Promise<Pod["status"]> {
    const { namespace, name = "", uid } = pod.metadata;
    try {
      const found = await this.#mirrors.client.resource(resources.pods).find({ namespace, name });
      const isOver = found?.status?.phase === "Failed" || found?.status?.phase === "Succeeded";
      if (found !== undefined && mirroredHash(found) === uid && !isOver) return found.status;
    } catch (error) {
      this.#mirrors.host.log.info("a static pod starts without the API", { pod: name, error: String(error) });
    }
    return pod.status;
  }

  /** The pods that the manifests ask for, by namespace and name. */
  async #wanted(): Promise<Map<string, Pod>> {
    const { host } = this.#mirrors;
    const known = new Map<string, { text: string; pod: Pod | undefined }>();
    for (const manifest of await manifestsIn(this.#options.path)) {
      const before = this.#known.get(manifest.path);
      if (before !== undefined && before.text === manifest.text) {
        known.set(manifest.path, before);
        continue;
      }
      const pod = await staticPodOf(manifest, this.#options.nodeName, host.clock.now()).catch((error: unknown) => {
        host.log.error("a manifest is not a static pod", { error: error instanceof Error ? error.message : error });
        return undefined;
      });
      known.set(manifest.path, { text: manifest.text, pod });
    }
    this.#known = known;
    const pods = new Map<string, Pod>();
    for (const { pod } of known.values()) {
      const key = `${pod?.metadata.namespace}/${pod?.metadata.name}`;
      // Of two manifests for one name the first counts.
      if (pod !== undefined && !pods.has(key)) pods.set(key, pod);
    }
    return pods;
  }

  /** Its manifest went while no kubelet looked. */
  async #removeStale({ metadata: { namespace, name = "", uid } }: Pod): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    try {
      await this.#mirrors.client.resource(resources.pods).delete({ namespace, name }, options);
    } catch (error) {
      if (isReason(error, "NotFound") || isReason(error, "Conflict")) return;
      this.#mirrors.host.log.warn("a mirror without a static pod could not be deleted", { error: String(error) });
    }
  }
}

async function manifestsIn(path: string): Promise<Manifest[]> {
  if ((await stat(path)).isFile()) return [{ path, text: await readFile(path, "utf8") }];
  const names = (await readdir(path, { withFileTypes: true }))
    .filter((entry) => !entry.name.startsWith(".") && !entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return Promise.all(
    names.map(async (name) => ({ path: join(path, name), text: await readFile(join(path, name), "utf8") })),
  );
}
