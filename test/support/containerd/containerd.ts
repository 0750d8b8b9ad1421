// A containerd of a test's own: everything it has is in one temporary folder, and remove() leaves nothing of it behind.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { systemHost } from "../../../src/host/index.ts";
import { openCriRuntime } from "../../../src/kubelet/runtime/cri/index.ts";
import { eventually } from "../eventually.ts";
import { type ImageSpec, ociArchive, pauseImage, usualImages } from "./images.ts";

export const containerdNeeds = {
  root: true,
  programs: {
    containerd: "containerd",
    runc: "runc",
    busybox: "busybox-static",
    gcc: "gcc",
    ip: "iproute2",
    iptables: "iptables",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
  },
};

const folderPrefix = "sampan-node-";

export class TestContainerd {
  readonly folder: string;
  readonly endpoint: string;
  readonly cniConfDir: string;
  /** A name of its own for the bridge of the pods: 15 characters at most. */
  readonly bridge: string;
  /** What the cgroups of a kubelet's pods are below, a name of its own. */
  readonly cgroup: string;
  #process: ChildProcess | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.endpoint = `unix://${join(folder, "containerd.sock")}`;
    this.cniConfDir = join(folder, "cni");
    this.cgroup = basename(folder);
    this.bridge = `spn${folder.slice(-6).replace(/[^a-zA-Z0-9]/g, "0")}`;
  }

  /** Starts it and imports images. */
  static async start(images: readonly ImageSpec[] = usualImages()): Promise<TestContainerd> {
    await removeAbandoned();
    const containerd = new TestContainerd(mkdtempSync(join(tmpdir(), folderPrefix)));
    writeFileSync(join(containerd.folder, "owner"), String(process.pid));
    try {
      containerd.#configure();
      await containerd.run();
      containerd.importImages(images);
      return containerd;
    } catch (error) {
      await containerd.remove();
      throw error;
    }
  }

  /** What a test left that was killed before it could clean up. */
  static abandoned(folder: string): TestContainerd {
    return new TestContainerd(folder);
  }

  /** Of the daemon. */
  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error("containerd does not run");
    return this.#process.pid;
  }

  get log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  /** Starts the daemon, also again after kill(). */
  async run(): Promise<void> {
    const log = openSync(join(this.folder, "log"), "a");
    this.#process = spawn("containerd", ["--config", join(this.folder, "config.toml")], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    await eventually(async () => this.ctr("version").length > 0, Boolean, 20_000);
  }

  /** Ends the daemon alone: containers go on, as when it crashes. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await ended;
  }

  importImages(images: readonly ImageSpec[]): void {
    const file = join(this.folder, "images.tar");
    writeFileSync(file, ociArchive(images));
    execFileSync("ctr", ["--address", join(this.folder, "containerd.sock"), "-n", "k8s.io", "images", "import", file], {
      stdio: "pipe",
    });
    rmSync(file);
  }

  /** What ctr printed; empty when it failed. */
  ctr(...args: string[]): string {
    try {
      const base = ["--address", join(this.folder, "containerd.sock"), "-n", "k8s.io"];
      return execFileSync("ctr", [...base, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch {
      return ""; // not there yet: the caller asks again
    }
  }

  /** Shims and containers of this daemon that run now, by process id. */
  processes(): number[] {
    const shims = processIds().filter((pid) => commandLine(pid).includes(this.folder) && isShim(pid));
    return shims.flatMap((pid) => [pid, ...descendants(pid)]);
  }

  /** Those of them that run this command line. */
  running(command: string): number[] {
    return this.processes().filter((pid) => commandLine(pid).trim() === command);
  }

  mounts(): string[] {
    return mountPoints().filter((path) => path.startsWith(this.folder));
  }

  /** Where the pods' cgroups are, in every hierarchy that has them. */
  cgroups(): string[] {
    return cgroupFolders(this.cgroup);
  }

  /** Those of pods. */
  podCgroups(): string[] {
    const classes = ["kubepods", "kubepods/burstable", "kubepods/besteffort"];
    const folders = this.cgroups().flatMap((top) => classes.map((name) => join(top, name)));
    return folders.filter(existsSync).flatMap((path) => readdirSync(path).filter((name) => name.startsWith("pod")));
  }

  /** Ends all that it runs, then itself; leaves no process, mount, namespace, interface, cgroup or file. */
  async remove(): Promise<void> {
    if (this.#process !== undefined) await this.#removeSandboxes();
    await this.kill("SIGTERM");
    for (const pid of [...this.#daemons(), ...this.processes()]) endProcess(pid);
    await eventually(
      async () => this.processes(),
      (left) => left.length === 0,
      10_000,
    );
    for (const path of this.mounts().reverse()) execFileSync("umount", ["-l", path]);
    if (existsSync(`/sys/class/net/${this.bridge}`)) execFileSync("ip", ["link", "delete", this.bridge]);
    removeEmptyCgroups("k8s.io");
    // The kernel lets go of what ended a moment later.
    await eventually(
      async () => {
        removeEmptyCgroups(this.cgroup);
        return this.cgroups();
      },
      (left) => left.length === 0,
      10_000,
    );
    removeUnusedPortChains();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #daemons(): number[] {
    return processIds().filter((pid) => commandLine(pid).startsWith(`containerd --config ${this.folder}/`));
  }

  async #removeSandboxes(): Promise<void> {
    const runtime = await openCriRuntime({ host: systemHost(), endpoint: this.endpoint, requestTimeoutMs: 20_000 });
    try {
      for (const { id } of await runtime.listPodSandbox()) {
        await runtime.stopPodSandbox(id).catch(() => undefined); // what it leaves is ended below, by its process
        await runtime.removePodSandbox(id).catch(() => undefined);
      }
    } catch {
      // It does not answer any more: the same.
    } finally {
      runtime.close();
    }
  }

  #configure(): void {
    mkdirSync(this.cniConfDir, { recursive: true });
    const cri = 'plugins."io.containerd.grpc.v1.cri"';
    writeFileSync(
      join(this.folder, "config.toml"),
      `version = 2
root = "${this.folder}/root"
state = "${this.folder}/state"
oom_score = 0
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "${this.folder}/containerd.sock"
[ttrpc]
  address = "${this.folder}/containerd.sock.ttrpc"
[${cri}]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${this.cniConfDir}"
  [${cri}.containerd]
    snapshotter = "overlayfs"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "${this.folder}/runc"
`,
    );
  }
}

async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(folderPrefix))) {
    const folder = join(tmpdir(), name);
    const owner = Number(readText(join(folder, "owner")));
    if (owner > 0 && !existsSync(`/proc/${owner}`)) await TestContainerd.abandoned(folder).remove();
  }
}

function processIds(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

function commandLine(pid: number): string {
  return readProc(pid, "cmdline").replaceAll("\0", " ");
}

function isShim(pid: number): boolean {
  return readProc(pid, "comm").startsWith("containerd-shim");
}

function readProc(pid: number, file: string): string {
  return readText(`/proc/${pid}/${file}`);
}

/** Empty when it is gone: processes end meanwhile. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function descendants(pid: number): number[] {
  const parents = processIds().map((id) => {
    const stat = readProc(id, "stat");
    return [id, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])] as const;
  });
  const found: number[] = [];
  for (let level = [pid]; level.length > 0; ) {
    level = parents.filter(([, parent]) => level.includes(parent)).map(([id]) => id);
    found.push(...level);
  }
  return found;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function mountPoints(): string[] {
  return readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
}

/** What the portmap plugin leaves for good, once no pod of anybody has a port of the machine. */
function removeUnusedPortChains(): void {
  const rules = execFileSync("iptables-save", ["-t", "nat"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  if (!rules.includes("CNI-HOSTPORT-") || /^:CNI-DN-/m.test(rules)) return;
  // Through a shell, since comments in rules are quoted.
  const nat = (args: string) => execFileSync("sh", ["-c", `iptables -w -t nat ${args}`], { stdio: "ignore" });
  const lines = rules.split("\n");
  for (const line of lines.filter((one) => / -j CNI-HOSTPORT-/.test(one))) nat(line.replace(/^-A/, "-D"));
  const chains = lines.flatMap((line) => /^:(CNI-HOSTPORT-\S+)/.exec(line)?.[1] ?? []);
  for (const chain of chains) nat(`-F ${chain}`);
  for (const chain of chains) nat(`-X ${chain}`);
}

/** Removes a cgroup and those below it from all hierarchies, as far as nothing runs in them. */
function removeEmptyCgroups(name: string): void {
  for (const top of cgroupFolders(name)) removeCgroup(top);
}

function cgroupFolders(name: string): string[] {
  const root = "/sys/fs/cgroup";
  const folders = ["", ...readdirSync(root)].map((controller) => join(root, controller, name));
  return folders.filter((folder) => existsSync(join(folder, "cgroup.procs")));
}

function removeCgroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  }
  try {
    rmdirSync(path);
  } catch {
    // Others use it.
  }
}
