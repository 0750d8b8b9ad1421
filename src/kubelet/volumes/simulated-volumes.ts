import type { Container, Pod, Volume } from "../../api/types/index.ts";
import type { Client } from "../../client/index.ts";
import type { Host } from "../../host/index.ts";
import { podUid } from "../pod-worker/index.ts";
import { fqdnOf, podHostname } from "../pods/hostname.ts";
import { hostsFile } from "../pods/hosts-file.ts";
import { clientReferences, type References } from "../references.ts";
import type { MountedFolder, SimulatedFolder } from "../runtime/simulated/index.ts";
import { subPathOf } from "./container-mounts.ts";
import { type Projection, projectedFiles, projectionOf } from "./files/projection.ts";
import { TokenCache } from "./files/token-cache.ts";
import { type MakeAny, PodVolumes } from "./pod-volumes.ts";
import { ShownFolder, WrittenFolder } from "./simulated-folders.ts";
import { type Environment, type Preparation, VolumeError, type VolumeManager } from "./volume-manager.ts";

export interface SimulatedVolumesOptions {
  readonly host: Host;
  readonly client: Pick<Client, "resource">;
  /** What pods may use of the node. */
  allocatable(): Readonly<Record<string, string>>;
}

interface KnownPod {
  readonly volumes: PodVolumes;
  /** By the names of their volumes. */
  readonly folders: Map<string, SimulatedFolder>;
}

const clusterDomain = "cluster.local";
const hostsPath = "/etc/hosts";
/** What a node says of itself in that file. */
const nodeHosts = "127.0.0.1\tlocalhost\n";
/** The name of the volume with a token that every pod is given begins with this. */
const grantedVolumePrefix = "kube-api-access-";

/**
 * Volumes of simulated containers, in memory: they hold what their objects say and what programs write into them. A pod
 * that has no more than the token which every pod is given costs nothing until one of its programs reads that.
 */
export class SimulatedVolumes implements VolumeManager {
  readonly #options: SimulatedVolumesOptions;
  readonly #references: References;
  readonly #tokens: TokenCache;
  readonly #pods = new Map<string, KnownPod>();
  /** What outlives pods: by its place on the machine, or the name of its persistent volume. */
  readonly #kept = new Map<string, WrittenFolder>();

  constructor(options: SimulatedVolumesOptions) {
    this.#options = options;
    this.#references = clientReferences(options.client);
    this.#tokens = new TokenCache(options.client, options.host);
  }

  async prepare(pod: Pod): Promise<Preparation> {
    const known = this.#of(pod);
    return known === undefined ? { ready: true } : known.volumes.alone(() => known.volumes.prepare());
  }

  /** The files are found by `foldersOf` when a program needs them: here paths are only checked. */
  async mountsFor(_pod: Pod, container: Container, environment: Environment): Promise<readonly []> {
    for (const mount of container.volumeMounts ?? []) subPathOf(mount, environment);
    return [];
  }

  async devicesFor(): Promise<readonly []> {
    return [];
  }

  /** What a container sees of its pod's volumes. */
  foldersOf(pod: Pod, containerName: string, environment: Environment): readonly MountedFolder[] {
    const { containers = [], initContainers = [], ephemeralContainers = [], volumes = [] } = pod.spec ?? {};
    const all = [...containers, ...initContainers, ...ephemeralContainers];
    const container = all.find(({ name }) => name === containerName);
    const folders = this.#of(pod)?.folders;
    return (container?.volumeMounts ?? []).flatMap((mount) => {
      const volume = volumes.find(({ name }) => name === mount.name);
      const granted = volume !== undefined && isGranted(volume) ? this.#shown(pod, volume, () => pod) : undefined;
      const folder = folders?.get(mount.name) ?? granted;
      if (folder === undefined) return [];
      const { mountPath, readOnly = false } = mount;
      const containerPath = `/${mountPath.replace(/^\/+|\/+$/g, "")}`;
      return [{ containerPath, subPath: subPathOf(mount, environment), readOnly, folder }];
    });
  }

  async readText(pod: Pod, volumeName: string, path: string): Promise<string | undefined> {
    await this.prepare(pod);
    const folder = this.#of(pod)?.folders.get(volumeName);
    if (folder !== undefined) return folder.get(path)?.text;
    throw new VolumeError(`cannot find the volume ${JSON.stringify(volumeName)} referenced by FileKeyRef`);
  }

  adopt(pod: Pod): void {
    void this.prepare(pod);
  }

  podSeen(pod: Pod): void {
    this.#pods.get(podUid(pod))?.volumes.seen(pod);
  }

  async release(uid: string): Promise<void> {
    this.#pods.delete(uid);
    this.#tokens.forget(uid);
  }

  async removeOrphans(): Promise<void> {}

  inUse(): readonly [] {
    return [];
  }

  async usage(): Promise<readonly []> {
    return [];
  }

  stop(): void {}

  /** Undefined when the pod has no volumes of its own. */
  #of(pod: Pod): KnownPod | undefined {
    const known = this.#pods.get(podUid(pod));
    if (known !== undefined) {
      known.volumes.seen(pod);
      return known;
    }
    if ((pod.spec?.volumes ?? []).every(isGranted)) return undefined;
    const folders = new Map<string, SimulatedFolder>();
    const make: MakeAny = async ({ volume, persistent, readOnly }) => {
      const newest = (): Pod => made.volumes.pod;
      const folder = this.#folder(newest(), volume, persistent?.metadata.name, newest);
      if (!folder.rarelyRead) await folder.load();
      folders.set(volume.name, folder);
      return { path: "", readOnly };
    };
    const made: KnownPod = { volumes: new PodVolumes(this.#options, make, this.#references, pod), folders };
    this.#pods.set(podUid(pod), made);
    return made;
  }

  #folder(pod: Pod, volume: Volume, persistentName: string | undefined, newest: () => Pod): SimulatedFolder {
    const { emptyDir, hostPath, configMap, secret, downwardAPI, projected } = volume;
    if (configMap ?? secret ?? downwardAPI ?? projected) return this.#shown(pod, volume, newest);
    if (hostPath !== undefined) return this.#keptAt(`path ${hostPath.path}`);
    if (persistentName !== undefined) return this.#keptAt(`volume ${persistentName}`);
    const gid = pod.spec?.securityContext?.fsGroup;
    return new WrittenFolder({ inMemory: emptyDir?.medium === "Memory", gid });
  }

  #keptAt(place: string): WrittenFolder {
    const known = this.#kept.get(place);
    if (known !== undefined) return known;
    // Everybody may write there, but delete only what is their own.
    const kept = new WrittenFolder(place === "path /tmp" ? { mode: 0o1777 } : {});
    if (place === `path ${hostsPath}`) kept.written.set("", { text: nodeHosts, mode: 0o644 });
    this.#kept.set(place, kept);
    return kept;
  }

  #shown(pod: Pod, volume: Volume, newest: () => Pod): ShownFolder {
    const { client, host } = this.#options;
    const node = { client, allocatable: () => this.#options.allocatable() };
    const from = { node, references: this.#references, tokens: this.#tokens };
    const projection: Projection = projectionOf(volume);
    return new ShownFolder({
      clock: host.clock,
      inMemory: projection.onDisk !== true,
      rarelyRead: isGranted(volume),
      gid: pod.spec?.securityContext?.fsGroup,
      read: () => projectedFiles(newest(), projection, from),
    });
  }
}

function isGranted({ name, projected }: Volume): boolean {
  return projected !== undefined && name.startsWith(grantedVolumePrefix);
}

/** The file that tells a container the names of its pod. */
export function hostsFolder(pod: Pod, podIPs: readonly string[]): MountedFolder {
  const { hostNetwork = false, hostAliases: aliases = [] } = pod.spec ?? {};
  const addresses = { addresses: podIPs, hostname: podHostname(pod), fqdn: fqdnOf(pod, clusterDomain) };
  const text = hostsFile({ ...addresses, aliases, ...(hostNetwork ? { hosts: nodeHosts } : {}) });
  const folder = new WrittenFolder();
  folder.written.set("", { text, mode: 0o644 });
  return { containerPath: hostsPath, subPath: "", readOnly: false, folder };
}
