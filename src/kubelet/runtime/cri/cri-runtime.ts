import { formatDuration } from "../../../api/meta/index.ts";
import type { Host } from "../../../host/index.ts";
import type {
  Container,
  ContainerConfig,
  ContainerEvent,
  ContainerFilter,
  ContainerRuntime,
  ContainerStats,
  ContainerStatus,
  ExecResult,
  FilesystemUsage,
  Image,
  ImageSpec,
  LinuxContainerResources,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxStatus,
  PullOptions,
  RuntimeConfig,
  RuntimeStatus,
  RuntimeVersion,
  SandboxFilter,
  StatsService,
} from "../runtime.ts";
import { RuntimeError } from "../runtime.ts";
import type { AttachRequest, ExecRequest, PortForwardRequest, StreamingService, StreamingUrl } from "../streaming.ts";
import { CriConnection, type Message, requestTimeoutMs } from "./connection.ts";
import { EventFeed } from "./events.ts";
import {
  containerOf,
  containerStatsOf,
  containerStatusOf,
  filesystemOf,
  imageOf,
  runtimeStatusOf,
  sandboxOf,
  sandboxStatusOf,
} from "./from-cri.ts";
import {
  authMessage,
  containerFilterMessage,
  containerMessage,
  imageMessage,
  resourcesMessage,
  sandboxFilterMessage,
  sandboxMessage,
} from "./to-cri.ts";

export interface CriOptions {
  readonly host: Host;
  /** `unix:///run/containerd/containerd.sock`, or the path alone. */
  readonly endpoint: string;
  /** How long calls may take that have no time of their own. Default 2 minutes. */
  readonly requestTimeoutMs?: number;
}

/** A real container runtime (containerd, CRI-O) over its socket. Nothing is connected before the first call. */
export async function openCriRuntime({ host, endpoint, requestTimeoutMs: limit }: CriOptions): Promise<CriRuntime> {
  return new CriRuntime(host, await CriConnection.open(endpoint, host.clock), limit ?? requestTimeoutMs);
}

export class CriRuntime implements ContainerRuntime, StreamingService, StatsService {
  readonly #connection: CriConnection;
  readonly #timeoutMs: number;
  readonly #events: EventFeed;
  /** Which sandbox a container is of: a status does not tell. */
  readonly #sandboxes = new Map<string, string>();

  constructor(host: Host, connection: CriConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#events = new EventFeed(host, {
      stream: (sink) => connection.stream("GetContainerEvents", sink),
      sandboxes: () => this.listPodSandbox(),
      containers: () => this.listContainers(),
    });
  }

  /** When those who follow events last had a list of all containers; undefined when nobody does. */
  get listing(): EventFeed["listing"] {
    return this.#events.listing;
  }

  close(): void {
    this.#connection.close();
  }

  async version(): Promise<RuntimeVersion> {
    const { version, runtimeName, runtimeVersion, runtimeApiVersion } = await this.#call("Version", {
      version: "0.1.0",
    });
    return { version, runtimeName, runtimeVersion, runtimeApiVersion };
  }

  async status(): Promise<RuntimeStatus> {
    return runtimeStatusOf(await this.#call("Status", {}));
  }

  /** Who makes the cgroups of its containers; undefined for a runtime that does not tell, as those of before containerd 2.0. */
  async cgroupDriver(): Promise<"cgroupfs" | "systemd" | undefined> {
    try {
      const { linux } = await this.#call("RuntimeConfig", {});
      if (linux === null) return undefined;
      return linux.cgroupDriver === "CGROUPFS" ? "cgroupfs" : "systemd";
    } catch (error) {
      if (error instanceof RuntimeError && error.code === "Unimplemented") return undefined;
      throw error;
    }
  }

  async updateRuntimeConfig({ podCidr }: RuntimeConfig): Promise<void> {
    await this.#call("UpdateRuntimeConfig", { runtimeConfig: { networkConfig: { podCidr } } });
  }

  /** Pulls the pause image when it is absent, which takes its time: twice the usual limit. */
  async runPodSandbox(config: PodSandboxConfig, runtimeHandler = ""): Promise<string> {
    const request = { config: sandboxMessage(config), runtimeHandler };
    return (await this.#call("RunPodSandbox", request, this.#timeoutMs * 2)).podSandboxId;
  }

  async stopPodSandbox(podSandboxId: string): Promise<void> {
    await this.#call("StopPodSandbox", { podSandboxId }).catch(absentIsDone);
  }

  async removePodSandbox(podSandboxId: string): Promise<void> {
    await this.#call("RemovePodSandbox", { podSandboxId }).catch(absentIsDone);
  }

  async podSandboxStatus(podSandboxId: string): Promise<PodSandboxStatus> {
    return sandboxStatusOf((await this.#call("PodSandboxStatus", { podSandboxId })).status);
  }

  async listPodSandbox(filter: SandboxFilter = {}): Promise<readonly PodSandbox[]> {
    const { items } = await this.#call("ListPodSandbox", { filter: sandboxFilterMessage(filter) });
    return items.map(sandboxOf);
  }

  async createContainer(podSandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string> {
    const { namespaces } = sandbox.linux ?? {};
    const wanted = config.namespaces ?? namespaces;
    const request = { podSandboxId, config: containerMessage(config, wanted), sandboxConfig: sandboxMessage(sandbox) };
    return (await this.#call("CreateContainer", request)).containerId;
  }

  async startContainer(containerId: string): Promise<void> {
    await this.#call("StartContainer", { containerId });
  }

  async stopContainer(containerId: string, timeoutSeconds: number): Promise<void> {
    const timeout = Math.max(0, Math.ceil(timeoutSeconds));
    const limit = this.#timeoutMs + timeout * 1000;
    await this.#call("StopContainer", { containerId, timeout }, limit).catch(absentIsDone);
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#call("RemoveContainer", { containerId }).catch(absentIsDone);
    this.#sandboxes.delete(containerId);
  }

  async containerStatus(containerId: string): Promise<ContainerStatus> {
    const { status } = await this.#call("ContainerStatus", { containerId });
    return containerStatusOf(status, await this.#sandboxOf(containerId));
  }

  async listContainers(filter: ContainerFilter = {}): Promise<readonly Container[]> {
    const { containers } = await this.#call("ListContainers", { filter: containerFilterMessage(filter) });
    const found = (containers as Message[]).map(containerOf);
    for (const { id, podSandboxId } of found) this.#sandboxes.set(id, podSandboxId);
    return found;
  }

  async execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    const timeout = Math.ceil(timeoutSeconds);
    // The runtime keeps the time; when it does not answer at all, the call ends by itself.
    const limit = timeout > 0 ? this.#timeoutMs + timeout * 1000 : undefined;
    const request = { containerId, cmd: command, timeout };
    const { stdout, stderr, exitCode } = await this.#call("ExecSync", request, limit).catch((error: unknown) => {
      if (!(error instanceof RuntimeError) || error.code !== "DeadlineExceeded") throw error;
      const what = `${JSON.stringify(command.join(" "))} timed out after ${formatDuration(timeout * 1000)}`;
      throw new RuntimeError("DeadlineExceeded", `command timed out: ${what}`, { cause: error });
    });
    return { stdout: stdout.toString("utf8"), stderr: stderr.toString("utf8"), exitCode };
  }

  exec({ containerId, command, stdin, stdout, stderr, tty }: ExecRequest): Promise<StreamingUrl> {
    return this.#url("Exec", { containerId, cmd: command, stdin, stdout, stderr, tty });
  }

  attach({ containerId, stdin, stdout, stderr, tty }: AttachRequest): Promise<StreamingUrl> {
    return this.#url("Attach", { containerId, stdin, stdout, stderr, tty });
  }

  portForward({ podSandboxId, ports }: PortForwardRequest): Promise<StreamingUrl> {
    return this.#url("PortForward", { podSandboxId, port: ports });
  }

  async reopenLog(containerId: string): Promise<void> {
    await this.#call("ReopenContainerLog", { containerId });
  }

  async updateContainerResources(containerId: string, resources: LinuxContainerResources): Promise<void> {
    await this.#call("UpdateContainerResources", { containerId, linux: resourcesMessage(resources) });
  }

  containerEvents(sink: (event: ContainerEvent) => void): { stop(): void } {
    return this.#events.subscribe(sink);
  }

  async listContainerStats({ id, podSandboxId, labels }: ContainerFilter = {}): Promise<readonly ContainerStats[]> {
    const filter = { id: id ?? "", podSandboxId: podSandboxId ?? "", labelSelector: labels ?? {} };
    const { stats } = await this.#call("ListContainerStats", { filter });
    return stats.map(containerStatsOf);
  }

  async listImages(): Promise<readonly Image[]> {
    return (await this.#call("ListImages", {})).images.map(imageOf);
  }

  async imageStatus(image: ImageSpec): Promise<Image | undefined> {
    const { image: found } = await this.#call("ImageStatus", { image: imageMessage(image) });
    return found === null ? undefined : imageOf(found);
  }

  /** However long it takes: who asks bounds it by progress, with the signal. */
  async pullImage(image: ImageSpec, { auth, sandbox, signal }: PullOptions = {}): Promise<string> {
    const request = {
      image: imageMessage(image),
      auth: authMessage(auth),
      sandboxConfig: sandbox === undefined ? undefined : sandboxMessage(sandbox),
    };
    return (await this.#connection.call("PullImage", request, { timeoutMs: undefined, signal })).imageRef;
  }

  async removeImage(image: ImageSpec): Promise<void> {
    await this.#call("RemoveImage", { image: imageMessage(image) }).catch(absentIsDone);
  }

  async imageFsInfo(): Promise<readonly FilesystemUsage[]> {
    return (await this.#call("ImageFsInfo", {})).imageFilesystems.map(filesystemOf);
  }

  async #url(method: "Exec" | "Attach" | "PortForward", request: object): Promise<StreamingUrl> {
    const { url } = await this.#call(method, request);
    if (url === "") throw new RuntimeError("Unknown", "URL is not set");
    return { kind: "url", url };
  }

  async #sandboxOf(containerId: string): Promise<string> {
    const known = this.#sandboxes.get(containerId);
    if (known !== undefined) return known;
    const [container] = await this.listContainers({ id: containerId });
    return container?.podSandboxId ?? "";
  }

  #call(method: string, request: object, timeoutMs: number | undefined = this.#timeoutMs): Promise<Message> {
    return this.#connection.call(method, request, { timeoutMs });
  }
}

/** What is gone needs no ending. */
function absentIsDone(error: unknown): Message {
  if (error instanceof RuntimeError && error.code === "NotFound") return {};
  throw error;
}
