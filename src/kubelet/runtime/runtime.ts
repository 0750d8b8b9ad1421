/** The container runtime as the kubelet sees it: the shape of CRI v1, with times in milliseconds since the epoch. */
export interface ContainerRuntime extends RuntimeService, ImageService {}

export interface RuntimeService {
  version(): Promise<RuntimeVersion>;
  /** Tells the runtime the node's pod range; sandboxes with an address of their own can be made from then on. */
  updateRuntimeConfig(config: RuntimeConfig): Promise<void>;
  runPodSandbox(config: PodSandboxConfig, runtimeHandler?: string): Promise<string>;
  /** Ends the containers that still run and releases the network. Stopping it again does nothing. */
  stopPodSandbox(id: string): Promise<void>;
  /** Removes the sandbox and its containers, forcibly. */
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<PodSandboxStatus>;
  listPodSandbox(filter?: SandboxFilter): Promise<readonly PodSandbox[]>;
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Asks it to end, and after `timeoutSeconds` makes it; resolves when it has ended. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  containerStatus(id: string): Promise<ContainerStatus>;
  listContainers(filter?: ContainerFilter): Promise<readonly Container[]>;
  /** @throws RuntimeError when the command could not be run, or not in time. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  reopenLog(id: string): Promise<void>;
  updateContainerResources(id: string, resources: LinuxContainerResources): Promise<void>;
  /** The stream of events; missing some is repaired by listing. */
  containerEvents(sink: (event: ContainerEvent) => void): { stop(): void };
}

export interface ImageService {
  listImages(): Promise<readonly Image[]>;
  imageStatus(image: ImageSpec): Promise<Image | undefined>;
  /** Gives the reference by which the image is known to the runtime. @throws RuntimeError */
  pullImage(image: ImageSpec, options?: PullOptions): Promise<string>;
  removeImage(image: ImageSpec): Promise<void>;
  imageFsInfo(): Promise<readonly FilesystemUsage[]>;
}

export type RuntimeErrorCode =
  | "NotFound"
  | "InvalidArgument"
  | "DeadlineExceeded"
  | "Unavailable"
  | "Canceled"
  | "Unknown";

/** What a runtime refuses or fails at, with the gRPC code of CRI. */
export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface RuntimeVersion {
  readonly version: string;
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

export interface RuntimeConfig {
  readonly podCidr: string;
}

export type StringMap = Readonly<Record<string, string>>;

export type NamespaceMode = "pod" | "container" | "node" | "target";

export interface PodSandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dnsConfig?: DnsConfig;
  readonly portMappings?: readonly PortMapping[];
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly linux?: LinuxPodSandboxConfig;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface PortMapping {
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface LinuxPodSandboxConfig {
  readonly cgroupParent: string;
  readonly namespaces: NamespaceOptions;
  readonly sysctls?: StringMap;
}

export interface NamespaceOptions {
  readonly network: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly ipc: NamespaceMode;
}

export type SandboxState = "ready" | "notReady";

export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: SandboxState;
  readonly createdAtMs: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
}

export interface PodSandboxStatus extends PodSandbox {
  /** The first is the primary one; empty in the host's network. */
  readonly ips: readonly string[];
}

export interface SandboxFilter {
  readonly id?: string;
  readonly state?: SandboxState;
  readonly labels?: StringMap;
}

export interface ImageSpec {
  readonly image: string;
  readonly annotations?: StringMap;
}

export interface Image {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
}

export interface PullOptions {
  readonly sandbox?: PodSandboxConfig;
  readonly auth?: { readonly username: string; readonly password: string };
  readonly signal?: AbortSignal;
}

export interface FilesystemUsage {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly: boolean;
}

export interface LinuxContainerResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly memoryLimitInBytes?: number;
  readonly oomScoreAdj?: number;
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly image: ImageSpec;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly envs?: readonly { readonly key: string; readonly value: string }[];
  readonly mounts?: readonly Mount[];
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly logPath: string;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
  readonly resources?: LinuxContainerResources;
  readonly stopSignal?: string;
}

export type ContainerState = "created" | "running" | "exited" | "unknown";

export interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly image: ImageSpec;
  readonly imageRef: string;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
}

export interface ContainerStatus extends Container {
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly exitCode?: number;
  /** `Completed`, `Error`, `OOMKilled`, ... */
  readonly reason?: string;
  /** The termination message. */
  readonly message?: string;
  readonly logPath: string;
}

export interface ContainerFilter {
  readonly id?: string;
  readonly podSandboxId?: string;
  readonly state?: ContainerState;
  readonly labels?: StringMap;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface ContainerEvent {
  readonly type: "created" | "started" | "stopped" | "deleted";
  readonly containerId: string;
  readonly podSandboxId: string;
  readonly podUid: string;
  readonly createdAtMs: number;
}
