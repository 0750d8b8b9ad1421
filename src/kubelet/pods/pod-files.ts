import { mkdir, open, readdir, readFile, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod } from "../../api/types/index.ts";
import { type Host, hasCode } from "../../host/index.ts";
import { podUid } from "../pod-worker/index.ts";
import {
  containerNameLabel,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  restartCountAnnotation,
} from "../runtime/labels.ts";
import type { Mount, Container as RuntimeContainer } from "../runtime/runtime.ts";
import { fqdnOf, podHostname } from "./hostname.ts";
import { hostsFile } from "./hosts-file.ts";

export interface FolderOptions {
  /** The kubelet's folder: /var/lib/kubelet. */
  readonly rootDir: string;
  /** Logs by pod: /var/log/pods. */
  readonly podLogsDir: string;
  /** Links to them by container, for those who collect logs: /var/log/containers. */
  readonly containerLogsDir: string;
}

const hostsPath = "/etc/hosts";
/** A file's name may have 255 bytes; a long pod's link is cut before its container's ID. */
const linkNameMax = 251;

/** What a real node keeps on its disk for pods, beside their volumes: logs, hosts files, termination messages. */
export class PodFiles {
  readonly #folders: FolderOptions;
  readonly #host: Host;
  readonly #clusterDomain: string;

  constructor(host: Host, folders: FolderOptions, clusterDomain: string) {
    this.#host = host;
    this.#folders = folders;
    this.#clusterDomain = clusterDomain;
  }

  /** Makes the node's folders. */
  async prepare(): Promise<void> {
    const { rootDir, podLogsDir, containerLogsDir } = this.#folders;
    for (const folder of [join(rootDir, "pods"), podLogsDir, containerLogsDir])
      await mkdir(folder, { recursive: true });
  }

  logDirectory(pod: Pod): string {
    const { namespace, name } = pod.metadata;
    return join(this.#folders.podLogsDir, `${namespace}_${name}_${podUid(pod)}`);
  }

  /** Where the runtime writes what this container prints; undefined for one that is no pod's. */
  logPath({ labels, annotations }: Pick<RuntimeContainer, "labels" | "annotations">): string | undefined {
    const uid = labels[podUidLabel];
    const name = labels[containerNameLabel];
    if (uid === undefined || name === undefined) return undefined;
    const folder = `${labels[podNamespaceLabel]}_${labels[podNameLabel]}_${uid}`;
    return join(this.#folders.podLogsDir, folder, name, `${annotations[restartCountAnnotation]}.log`);
  }

  /** Makes what must be there before a container can be created, and says what of it the container mounts. */
  async mountsFor(pod: Pod, container: Container, podIPs: readonly string[]): Promise<readonly Mount[]> {
    await mkdir(join(this.logDirectory(pod), container.name), { recursive: true });
    const mounts: Mount[] = [];
    const hosts = await this.#hosts(pod, container, podIPs);
    if (hosts !== undefined) mounts.push({ containerPath: hostsPath, hostPath: hosts, readonly: false });
    const { terminationMessagePath = "/dev/termination-log" } = container;
    if (terminationMessagePath !== "") {
      const hostPath = await this.#terminationLog(pod, container);
      mounts.push({ containerPath: terminationMessagePath, hostPath, readonly: false });
    }
    return mounts;
  }

  /** A link by which log collectors find a container's log. */
  async linkLog(pod: Pod, container: Container, containerId: string, attempt: number): Promise<void> {
    const { namespace, name } = pod.metadata;
    const start = `${name}_${namespace}_${container.name}-${containerId}`.slice(0, linkNameMax);
    const link = join(this.#folders.containerLogsDir, `${start}.log`);
    await rm(link, { force: true });
    await symlink(join(this.logDirectory(pod), container.name, `${attempt}.log`), link);
  }

  /** A container was removed: its logs go, and what it said at its end. */
  async containerRemoved(pod: Pod, name: string, attempt: number, containerId: string): Promise<void> {
    const folder = join(this.logDirectory(pod), name);
    for (const file of await entries(folder)) {
      if (file.startsWith(`${attempt}.log`)) await rm(join(folder, file), { force: true });
    }
    await this.#unlink((link) => link.endsWith(`-${containerId}.log`));
  }

  /** Nothing of the pod runs any more and its volumes are gone. */
  async release(pod: Pod): Promise<void> {
    await rm(this.logDirectory(pod), { recursive: true, force: true });
    const { namespace, name } = pod.metadata;
    await this.#unlink((link) => link.startsWith(`${name}_${namespace}_`));
    await this.#removePodFolder(podUid(pod));
  }

  /** Takes away what pods left that are not known any more. */
  async removeOrphans(isKnown: (uid: string) => boolean): Promise<void> {
    const { rootDir, podLogsDir } = this.#folders;
    for (const uid of await entries(join(rootDir, "pods"))) if (!isKnown(uid)) await this.#removePodFolder(uid);
    for (const folder of await entries(podLogsDir)) {
      const uid = folder.split("_").at(-1) ?? "";
      if (!isKnown(uid)) await rm(join(podLogsDir, folder), { recursive: true, force: true });
    }
    await this.#unlink(() => true);
  }

  async #hosts(pod: Pod, container: Container, podIPs: readonly string[]): Promise<string | undefined> {
    // A volume of the pod's own at that place comes first.
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === hostsPath)) return undefined;
    const { hostNetwork = false, hostAliases = [] } = pod.spec ?? {};
    if (!hostNetwork && podIPs.length === 0) return undefined;
    const folder = await this.#podFolder(pod);
    const text = hostsFile({
      addresses: podIPs,
      hostname: podHostname(pod),
      fqdn: fqdnOf(pod, this.#clusterDomain),
      aliases: hostAliases,
      ...(hostNetwork ? { hosts: await readFile(hostsPath, "utf8") } : {}),
    });
    const path = join(folder, "etc-hosts");
    await writeFile(path, text, { mode: 0o644 });
    return path;
  }

  async #terminationLog(pod: Pod, { name }: Container): Promise<string> {
    const folder = join(await this.#podFolder(pod), "containers", name);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const path = join(folder, Buffer.from(this.#host.random.bytes(4)).toString("hex"));
    const file = await open(path, "w");
    try {
      await file.chmod(0o666); // whoever the container runs as writes it
    } finally {
      await file.close();
    }
    return path;
  }

  async #podFolder(pod: Pod): Promise<string> {
    const folder = join(this.#folders.rootDir, "pods", podUid(pod));
    await mkdir(folder, { recursive: true, mode: 0o750 });
    return folder;
  }

  /** Volumes are others' to take away: as long as some are there the folder stays. */
  async #removePodFolder(uid: string): Promise<void> {
    const folder = join(this.#folders.rootDir, "pods", uid);
    for (const name of ["etc-hosts", "containers"]) await rm(join(folder, name), { recursive: true, force: true });
    await removeEmpty(folder);
  }

  /** Removes links to logs that are gone. */
  async #unlink(isMeant: (link: string) => boolean): Promise<void> {
    const { containerLogsDir } = this.#folders;
    for (const link of await entries(containerLogsDir)) {
      if (!isMeant(link)) continue;
      const path = join(containerLogsDir, link);
      if (await isDangling(path)) await rm(path, { force: true });
    }
  }
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

async function isDangling(path: string): Promise<boolean> {
  try {
    const file = await open(path, "r");
    await file.close();
    return false;
  } catch (error) {
    return hasCode(error, "ENOENT");
  }
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}
