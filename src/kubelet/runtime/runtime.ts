/** The container runtime as the kubelet sees it: the shape of CRI v1, with times in milliseconds since the epoch. */
export interface ContainerRuntime extends RuntimeService, ImageService {}

export interface RuntimeService {
  version(): Promise<RuntimeVersion>;
  /** Whether it can run containers, and give sandboxes addresses. */
  status(): Promise<RuntimeStatus>;
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

/** The share of a runtime that tells what containers use. */
export interface StatsService {
  /** What running containers use now; a container that ends meanwhile is left out. */
  listContainerStats(filter?: ContainerFilter): Promise<readonly ContainerStats[]>;
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
  | "AlreadyExists"
  | "FailedPrecondition"
  | "PermissionDenied"
  | "Unauthenticated"
  | "ResourceExhausted"
  | "Unimplemented"
  | "Internal"
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

export interface RuntimeStatus {
  readonly conditions: readonly RuntimeCondition[];
  /** What runtime classes' handlers that it knows can do, when it tells. */
  readonly handlers?: readonly RuntimeHandler[];
  /** What it can do whatever the handler, when it tells. */
  readonly features?: RuntimeFeatures;
}

export interface RuntimeFeatures {
  /** It follows a pod's policy for supplemental groups, and tells the users of containers. */
  readonly supplementalGroupsPolicy: boolean;
}

export interface RuntimeHandler {
  /** Empty for the default one. */
  readonly name: string;
  /** It can make mounts read-only with all below them. */
  readonly recursiveReadOnlyMounts: boolean;
  /** It can give pods users of their own. */
  readonly userNamespaces: boolean;
}

/** `RuntimeReady`, `NetworkReady`, ... */
export interface RuntimeCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
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
  /** Whom the pause container runs as, and with which groups. */
  readonly security?: SandboxSecurity;
}

export interface SandboxSecurity {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups?: readonly number[];
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy;
  /** Some container of the pod is privileged. */
  readonly privileged?: boolean;
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
}

export type SupplementalGroupsPolicy = "Merge" | "Strict";

export interface SecurityProfile {
  readonly type: "RuntimeDefault" | "Unconfined" | "Localhost";
  /** A file's path (seccomp) or a profile's name (AppArmor), for Localhost. */
  readonly localhost?: string;
}

/** What a container's process may do. */
export interface ContainerSecurity {
  readonly addCapabilities?: readonly string[];
  readonly dropCapabilities?: readonly string[];
  readonly privileged?: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly readOnlyRootFilesystem?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy;
  readonly noNewPrivileges?: boolean;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
  readonly seLinux?: {
    readonly user?: string;
    readonly role?: string;
    readonly type?: string;
    readonly level?: string;
  };
}

export interface NamespaceOptions {
  readonly network: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly ipc: NamespaceMode;
  /** The container whose processes are seen, with `target`. */
  readonly targetId?: string;
  /** Users of the pod are others outside of it: how they are mapped. Without it they are the same. */
  readonly users?: UserNamespace;
}

export interface UserNamespace {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

export interface IdMapping {
  readonly hostId: number;
  readonly containerId: number;
  readonly length: number;
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
  /** Whom its containers run as unless told otherwise; a name when `uid` is absent. */
  readonly uid?: number;
  readonly username?: string;
  /** Not to be collected. */
  readonly pinned?: boolean;
}

/** Of a registry: a name with a password, or one of the tokens. */
export interface ImageAuth {
  readonly username?: string;
  readonly password?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface PullOptions {
  readonly sandbox?: PodSandboxConfig;
  readonly auth?: ImageAuth;
  readonly signal?: AbortSignal;
}

export interface FilesystemUsage {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

export interface Mount {
  readonly containerPath: string;
  /** Empty with `image`. */
  readonly hostPath: string;
  readonly readonly: boolean;
  /** Mounts below it are readonly, too. */
  readonly recursiveReadOnly?: boolean;
  /** Whether later mounts are seen on the other side. Default private. */
  readonly propagation?: "private" | "hostToContainer" | "bidirectional";
  readonly seLinuxRelabel?: boolean;
  /** An image's content rather than a folder of the machine. */
  readonly image?: ImageSpec;
  readonly imageSubPath?: string;
  /** How IDs of the files' owners are seen, where the container has users of its own. */
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
}

export interface Device {
  readonly containerPath: string;
  readonly hostPath: string;
  /** Of `r`, `w` and `m`. */
  readonly permissions: string;
}

export interface LinuxContainerResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly memoryLimitInBytes?: number;
  readonly oomScoreAdj?: number;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limitBytes: number }[];
  /** Settings of cgroup v2 by their file's name. */
  readonly unified?: StringMap;
  readonly memorySwapLimitInBytes?: number;
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
  readonly devices?: readonly Device[];
  /** Devices by their full names, which the runtime knows what to do with (container device interface). */
  readonly cdiDevices?: readonly string[];
  readonly security?: ContainerSecurity;
  /** Where they differ from the sandbox's: a debugging container sees another's processes. */
  readonly namespaces?: NamespaceOptions;
  /** `SIGTERM`, ...; the image's when left out. */
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
  readonly mounts?: readonly Mount[];
  readonly resources?: LinuxContainerResources;
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
  readonly stopSignal?: string;
}

export interface ContainerStats {
  readonly id: string;
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly labels: StringMap;
  /** When it was measured. */
  readonly atMs: number;
  readonly cpu?: { readonly usageCoreNanoSeconds: bigint; readonly usageNanoCores?: number };
  readonly memory?: {
    readonly workingSetBytes: number;
    readonly availableBytes?: number;
    readonly usageBytes?: number;
    readonly rssBytes?: number;
    readonly pageFaults?: number;
    readonly majorPageFaults?: number;
  };
  readonly writableLayer?: FilesystemUsage;
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
