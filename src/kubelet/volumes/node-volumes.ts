import { mkdir, readdir, realpath, rm } from "node:fs/promises";
import { deepEqual } from "../../api/meta/index.ts";
import type { Container, Pod } from "../../api/types/index.ts";
import type { Client } from "../../client/index.ts";
import { type Host, type Timer, undefinedIfAbsent } from "../../host/index.ts";
import { podUid } from "../pod-worker/index.ts";
import { clientReferences, type References } from "../references.ts";
import type { Device, Mount } from "../runtime/runtime.ts";
import { containerMounts } from "./container-mounts.ts";
import { CsiVolumes } from "./csi/csi-volumes.ts";
import { CsiDrivers } from "./csi/drivers.ts";
import { TokenCache } from "./files/token-cache.ts";
import { FreshReferences } from "./fresh-references.ts";
import { kindOf } from "./kinds/index.ts";
import { projectedVolumes } from "./kinds/projected.ts";
import { VolumeLayout } from "./layout.ts";
import { isWithin, LinuxMounter, type Mounter, unmountBelow } from "./mounting/mounter.ts";
import { readWithin } from "./mounting/sub-path.ts";
import { type MakeAny, PodVolumes } from "./pod-volumes.ts";
import { type SharedKinds, StepError, type VolumeNode } from "./volume-kind.ts";
import { type Environment, type Preparation, VolumeError, type VolumeManager } from "./volume-manager.ts";
import type { NamedVolumeUsage } from "./volume-usage.ts";

export interface NodeVolumesOptions {
  readonly host: Host;
  readonly client: Pick<Client, "resource">;
  readonly nodeName: string;
  /** The kubelet's folder, as `--root-dir` names it. Default `/var/lib/kubelet`. */
  readonly rootDirectory?: string;
  /** What pods may use of the node. */
  allocatable(): Readonly<Record<string, string>>;
  /** Whether the runtime can make mounts read-only with all below them. Default: no. */
  recursiveReadOnly?(pod: Pod): boolean;
  /** Told when a volume of a running pod cannot be brought up to date: the message of a `FailedMount` event. */
  refreshFailed?(pod: Pod, message: string): void;
  /** Told when a volume of a running pod grew: the message of a `FileSystemResizeSuccessful` event. */
  expanded?(pod: Pod, message: string): void;
  /** How often volumes are compared with the objects they show. Default a minute. */
  readonly refreshMs?: number;
  /** Default: the machine's. */
  readonly mounter?: Mounter;
}

/** Volumes on the disk of this machine. Makes the kubelet's folder if need be. */
export async function createNodeVolumes(options: NodeVolumesOptions): Promise<VolumeManager> {
  const { rootDirectory = "/var/lib/kubelet", mounter = new LinuxMounter() } = options;
  await mkdir(rootDirectory, { recursive: true, mode: 0o750 });
  const layout = new VolumeLayout(await realpath(rootDirectory));
  const { host, client, nodeName: name } = options;
  const expanded = (pod: Pod, message: string) => options.expanded?.(pod, message);
  const node: VolumeNode = { name, host, client, layout, mounter, expanded, allocatable: () => options.allocatable() };
  return new NodeVolumes(node, options);
}

/** Of files with variables: more is no environment. */
const readTextBytesMax = 64 * 1024;
const defaultRefreshMs = 60_000;

class NodeVolumes implements VolumeManager {
  readonly #node: VolumeNode;
  readonly #options: NodeVolumesOptions;
  readonly #references: References;
  readonly #fresh: FreshReferences;
  readonly #tokens: TokenCache;
  readonly #drivers: CsiDrivers;
  readonly #csi: CsiVolumes;
  readonly #make: MakeAny;
  readonly #pods = new Map<string, PodVolumes>();
  /** Former pods of which something is left. */
  readonly #orphans = new Set<string>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(node: VolumeNode, options: NodeVolumesOptions) {
    this.#node = node;
    this.#options = options;
    this.#references = clientReferences(node.client);
    this.#fresh = new FreshReferences(this.#references);
    this.#tokens = new TokenCache(node.client, node.host);
    this.#drivers = new CsiDrivers(node);
    this.#csi = new CsiVolumes(node, this.#drivers, this.#tokens);
    const kinds: SharedKinds = { projected: projectedVolumes(this.#tokens), csi: this.#csi.make };
    this.#make = (request, references) => kindOf(request, kinds)({ ...request, node }, references);
    this.#drivers.start();
    this.#scheduleRefresh();
  }

  prepare(pod: Pod): Promise<Preparation> {
    const volumes = this.#of(pod);
    return volumes.alone(() => volumes.prepare());
  }

  async mountsFor(pod: Pod, container: Container, environment: Environment): Promise<readonly Mount[]> {
    const volumes = this.#of(pod);
    return volumes.alone(async () => {
      await prepared(volumes);
      const { layout, mounter } = this.#node;
      const recursiveReadOnly = this.#options.recursiveReadOnly?.(pod) ?? false;
      const log = (message: string, error: unknown): void => this.#warn(message, pod, error);
      return containerMounts({ pod, container, environment, layout, mounter, recursiveReadOnly, log }, volumes.made);
    });
  }

  async devicesFor(pod: Pod, container: Container): Promise<readonly Device[]> {
    const { volumeDevices = [] } = container;
    if (volumeDevices.length === 0) return [];
    const volumes = this.#of(pod);
    return volumes.alone(async () => {
      await prepared(volumes);
      return volumeDevices.map(({ name, devicePath }) => {
        const volume = volumes.made.get(name);
        if (volume === undefined) {
          throw new VolumeError(
            `cannot find volume ${JSON.stringify(name)} to pass into container ${JSON.stringify(container.name)}`,
          );
        }
        return { hostPath: volume.path, containerPath: devicePath, permissions: volume.readOnly ? "r" : "mrw" };
      });
    });
  }

  async readText(pod: Pod, volumeName: string, path: string): Promise<string | undefined> {
    const volumes = this.#of(pod);
    return volumes.alone(async () => {
      await volumes.prepare();
      const volume = volumes.made.get(volumeName);
      const name = JSON.stringify(volumeName);
      if (volume === undefined) throw new VolumeError(`cannot find the volume ${name} referenced by FileKeyRef`);
      try {
        return await readWithin(volume.path, path, readTextBytesMax);
      } catch (error) {
        const why = error instanceof Error ? error.message : error;
        throw new VolumeError(`cannot read the volume ${name}: ${why}`, { cause: error });
      }
    });
  }

  adopt(pod: Pod): void {
    void this.prepare(pod);
  }

  podSeen(pod: Pod): void {
    const volumes = this.#pods.get(podUid(pod));
    if (volumes === undefined) return;
    const { labels, annotations } = volumes.pod.metadata;
    volumes.seen(pod);
    if (deepEqual(labels, pod.metadata.labels) && deepEqual(annotations, pod.metadata.annotations)) return;
    void this.#refresh(volumes, this.#references);
  }

  async release(uid: string): Promise<void> {
    const volumes = this.#pods.get(uid);
    this.#pods.delete(uid);
    await (volumes === undefined ? this.#removeFolder(uid) : volumes.alone(() => this.#removeFolder(uid)));
    this.#tokens.forget(uid);
  }

  async removeOrphans(isKnown: (uid: string) => boolean): Promise<void> {
    const uids = (await readdir(this.#node.layout.pods).catch(undefinedIfAbsent)) ?? [];
    await this.#releaseOrphans(uids.filter((uid) => !isKnown(uid)));
  }

  async usage(pod: Pod): Promise<readonly NamedVolumeUsage[]> {
    const volumes = this.#pods.get(podUid(pod));
    return volumes === undefined ? [] : volumes.usage();
  }

  inUse(): readonly string[] {
    return this.#csi.inUse();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#drivers.stop();
  }

  #of(pod: Pod): PodVolumes {
    const uid = podUid(pod);
    const known = this.#pods.get(uid);
    if (known !== undefined) {
      known.seen(pod);
      return known;
    }
    const volumes = new PodVolumes(this.#node, this.#make, this.#references, pod);
    this.#pods.set(uid, volumes);
    return volumes;
  }

  /** From what is on the disk, so that it works after a crash, too. */
  async #removeFolder(uid: string): Promise<void> {
    const { layout, mounter } = this.#node;
    const folder = layout.pod(uid);
    await unmountBelow(mounter, layout.subPaths(uid));
    await this.#csi.release(uid);
    await unmountBelow(mounter, folder);
    // Files of others would be deleted through a mount that is left.
    const left = (await mounter.mountPoints()).filter((point) => isWithin(point, folder));
    if (left.length > 0) throw new Error(`still mounted: ${left.join(", ")}`);
    await rm(folder, { recursive: true, force: true });
  }

  /** What cannot be taken away yet is tried again with every refresh: its driver may register later than this kubelet starts. */
  async #releaseOrphans(uids: readonly string[]): Promise<void> {
    for (const uid of uids) {
      try {
        await this.release(uid);
        this.#orphans.delete(uid);
      } catch (error) {
        if (!this.#orphans.has(uid)) {
          this.#node.host.log.warn("volumes of a former pod cannot be taken away yet", { uid, error: String(error) });
        }
        this.#orphans.add(uid);
      }
    }
  }

  #scheduleRefresh(): void {
    const ms = this.#options.refreshMs ?? defaultRefreshMs;
    // Spread, so that many nodes do not read at the same moment.
    const jitter = 1 + 0.1 * this.#node.host.random.next();
    this.#timer = this.#node.host.clock.setTimer(ms * jitter, () => void this.#refreshAll());
  }

  async #refreshAll(): Promise<void> {
    await this.#releaseOrphans([...this.#orphans]);
    const references = this.#fresh.round();
    for (const volumes of [...this.#pods.values()]) {
      if (this.#stopped) return;
      await this.#refresh(volumes, references);
    }
    if (!this.#stopped) this.#scheduleRefresh();
  }

  #refresh(volumes: PodVolumes, references: References): Promise<void> {
    const { pod } = volumes;
    return volumes.alone(async () => {
      // It may have been let go of while others were refreshed.
      if (this.#pods.get(podUid(pod)) !== volumes) return;
      // What it is made from may go before a pod that ends.
      if (volumes.pod.metadata.deletionTimestamp != null) return;
      await volumes.refresh(references, (volume, error) => {
        if (this.#stopped) return;
        this.#warn(`volume ${JSON.stringify(volume)} could not be brought up to date`, pod, error);
        const failure = error instanceof StepError ? error : new StepError("SetUp", volume, error);
        this.#options.refreshFailed?.(pod, failure.message);
      });
    });
  }

  #warn(message: string, pod: Pod, error: unknown): void {
    const { namespace, name } = pod.metadata;
    this.#node.host.log.warn(message, { pod: `${namespace}/${name}`, error: String(error) });
  }
}

/** After a restart of the kubelet, and for containers that were added, volumes may not be known yet. */
async function prepared(volumes: PodVolumes): Promise<void> {
  const preparation = await volumes.prepare();
  if (preparation.ready) return;
  const [problem = "the volumes of the pod are not ready"] = preparation.problems;
  throw new VolumeError(problem);
}
