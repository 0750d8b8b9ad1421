import type { Host } from "../../../host/index.ts";
import { sleep } from "../../../host/index.ts";
import type { ContainerLogs, LogLine } from "../container-logs.ts";
import { containerNameLabel, podUidLabel } from "../labels.ts";
import {
  type Container,
  type ContainerConfig,
  type ContainerEvent,
  type ContainerFilter,
  type ContainerRuntime,
  type ContainerStatus,
  type ExecResult,
  type FilesystemUsage,
  type Image,
  type ImageSpec,
  type PodSandbox,
  type PodSandboxConfig,
  type PodSandboxStatus,
  type PullOptions,
  type RuntimeConfig,
  RuntimeError,
  type RuntimeStatus,
  type RuntimeVersion,
  type SandboxFilter,
  type StringMap,
} from "../runtime.ts";
import type {
  AttachRequest,
  CommandTarget,
  ExecRequest,
  PortForwardRequest,
  PortForwardTarget,
  StreamingService,
} from "../streaming.ts";
import { annotationFor, behaviourOf, durationMs, type ImageScript, scriptFor } from "./behaviour.ts";
import { AnyFiles, ContainerFiles, type MountedFolder } from "./container-files.ts";
import { execute } from "./exec.ts";
import { type AnsweringContainer, answerOf, type HttpAnswer, mayServeAt } from "./http-answer.ts";
import { imageId, imageSizeBytes, SimulatedImages } from "./images.ts";
import { SimulatedLog } from "./log.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { type ProcessEnd, SimulatedProcess } from "./process.ts";
import {
  containerOf,
  hasLabels,
  imageOf,
  listens,
  type Sandbox,
  type SimulatedContainer,
  sandboxOf,
  statusOf,
} from "./sandbox.ts";
import { attachTarget, execTarget, portsTarget, type StreamedContainer } from "./streaming.ts";

export interface SimulatedRuntimeOptions {
  readonly host: Pick<Host, "clock" | "random">;
  readonly preloadedImages?: readonly string[];
  readonly scripts?: readonly ImageScript[];
  /** How long a pull takes. Default 0. */
  readonly pullMs?: number;
  /** What containers see of their pods' volumes; asked when a program that is interpreted needs it. Left out: nothing. */
  mountsOf?(container: MountingContainer): Promise<readonly MountedFolder[]>;
  /** What whoever has an address answers to a request; undefined when nobody has it. */
  ask?(url: URL, body?: string): HttpAnswer | undefined;
  /** Files of a program that serves were changed from outside: it may answer otherwise now. */
  servesOtherwise?(podUid: string): void;
}

export interface MountingContainer {
  readonly podUid: string;
  readonly name: string;
  readonly environment: readonly { readonly key: string; readonly value: string }[];
  readonly podIPs: readonly string[];
}

/** A pod that ran before, as its status tells. */
export interface AdoptedPod {
  readonly config: PodSandboxConfig;
  readonly ips: readonly string[];
  readonly startedAtMs: number;
  readonly containers: readonly AdoptedContainer[];
}

export interface AdoptedContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly startedAtMs: number;
  /** Absent while it runs. */
  readonly end?: ProcessEnd & { readonly finishedAtMs: number };
}

/** A node's container runtime in which nothing runs but time. */
export class SimulatedRuntime implements ContainerRuntime, ContainerLogs, StreamingService {
  readonly #options: SimulatedRuntimeOptions;
  readonly #images: SimulatedImages;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #byPod = new Map<string, Sandbox[]>();
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #sinks = new Set<(event: ContainerEvent) => void>();
  #addresses: PodAddresses | undefined;
  #podCidr: string | undefined;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    this.#images = new SimulatedImages(options.preloadedImages);
  }

  async version(): Promise<RuntimeVersion> {
    return { version: "0.1.0", runtimeName: "containerd", runtimeVersion: "v2.1.0", runtimeApiVersion: "v1" };
  }

  async status(): Promise<RuntimeStatus> {
    const network = this.#addresses !== undefined;
    return {
      conditions: [
        { type: "RuntimeReady", status: true, reason: "", message: "" },
        { type: "NetworkReady", status: network, reason: "", message: network ? "" : "cni plugin not initialized" },
      ],
    };
  }

  async updateRuntimeConfig({ podCidr }: RuntimeConfig): Promise<void> {
    this.usePodRange(podCidr);
  }

  /** As updateRuntimeConfig, at once. */
  usePodRange(podCidr: string): void {
    if (podCidr === this.#podCidr) return;
    this.#podCidr = podCidr;
    this.#addresses = new PodAddresses(podCidr);
    for (const sandbox of this.#sandboxes.values()) for (const ip of sandbox.ips) this.#addresses.reserve(ip);
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<string> {
    const ips = config.linux?.namespaces.network === "node" ? [] : [this.#takeAddress()];
    const sandbox = this.#addSandbox(config, ips, this.#now);
    return sandbox.id;
  }

  async stopPodSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined || sandbox.state === "notReady") return;
    // First: who hears of a container's end looks at the sandbox at once.
    sandbox.state = "notReady";
    for (const container of sandbox.containers) container.process?.kill();
    for (const ip of sandbox.ips) this.#addresses?.release(ip);
  }

  async removePodSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    await this.stopPodSandbox(id);
    for (const container of [...sandbox.containers]) await this.removeContainer(container.id);
    this.#sandboxes.delete(id);
    const { uid } = sandbox.config.metadata;
    const others = (this.#byPod.get(uid) ?? []).filter((other) => other !== sandbox);
    if (others.length === 0) this.#byPod.delete(uid);
    else this.#byPod.set(uid, others);
  }

  async podSandboxStatus(id: string): Promise<PodSandboxStatus> {
    const sandbox = this.#sandbox(id);
    return { ...sandboxOf(sandbox), ips: sandbox.ips };
  }

  async listPodSandbox(filter: SandboxFilter = {}): Promise<readonly PodSandbox[]> {
    return this.#candidates(filter.labels)
      .filter(({ id, state, config }) => {
        if (filter.id !== undefined && id !== filter.id) return false;
        return (filter.state === undefined || filter.state === state) && hasLabels(config.labels, filter.labels);
      })
      .map(sandboxOf);
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const sandbox = this.#sandbox(sandboxId);
    if (!this.#images.has(config.image.image)) {
      throw new RuntimeError("NotFound", `image "${config.image.image}": not found`);
    }
    const container = this.#addContainer(sandbox, this.#newId(), config, this.#now);
    this.#emit("created", container);
    return container.id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#container(id);
    if (container.state !== "created") {
      throw new RuntimeError("Unknown", `container "${id}" is not in created state`);
    }
    this.#run(container, this.#now);
    this.#emit("started", container);
  }

  async stopContainer(id: string, timeoutSeconds: number): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined || container.state !== "running") return;
    const ended = new Promise<void>((resolve) => container.stopped.push(resolve));
    container.process?.stop(timeoutSeconds * 1000);
    await ended;
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    container.process?.kill();
    this.#containers.delete(id);
    const { containers } = container.sandbox;
    containers.splice(containers.indexOf(container), 1);
    this.#emit("deleted", container);
  }

  async containerStatus(id: string): Promise<ContainerStatus> {
    return statusOf(this.#container(id));
  }

  async listContainers(filter: ContainerFilter = {}): Promise<readonly Container[]> {
    const found: Container[] = [];
    for (const sandbox of this.#candidates(filter.labels)) {
      if (filter.podSandboxId !== undefined && sandbox.id !== filter.podSandboxId) continue;
      for (const container of sandbox.containers) {
        if (filter.id !== undefined && container.id !== filter.id) continue;
        if (filter.state !== undefined && container.state !== filter.state) continue;
        if (hasLabels(container.config.labels, filter.labels)) found.push(containerOf(container));
      }
    }
    return found;
  }

  async execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    const container = this.#container(id);
    if (container.state !== "running" || container.process === undefined) {
      throw new RuntimeError("Unknown", `container "${id}" is not running`);
    }
    const { process, config, sandbox } = container;
    const { hostname } = sandbox.config;
    return execute({ clock: this.#options.host.clock, process, config, hostname, timeoutSeconds }, command);
  }

  async exec(request: ExecRequest): Promise<CommandTarget> {
    return execTarget(this.#options.host.clock, this.#streamed(request.containerId), request);
  }

  async attach(request: AttachRequest): Promise<CommandTarget> {
    return attachTarget(this.#options.host.clock, this.#streamed(request.containerId), request);
  }

  async portForward({ podSandboxId }: PortForwardRequest): Promise<PortForwardTarget> {
    const { containers } = this.#sandbox(podSandboxId);
    const listening = () =>
      containers.map((container) => this.#answering(container)).find((found) => found !== undefined);
    return portsTarget(podSandboxId, listening);
  }

  /** Whether it is an address of this node's pods, taken or not. */
  hasPodAddress(ip: string): boolean {
    return this.#addresses?.includes(ip) === true;
  }

  /** The sandbox that has the address, or of those in the node's network one that listens. */
  sandboxAt(ip: string | undefined): string | undefined {
    for (const { id, ips, state, containers } of this.#sandboxes.values()) {
      if (state !== "ready") continue;
      if (ip === undefined ? ips.length === 0 && containers.some(listens) : ips.includes(ip)) return id;
    }
    return undefined;
  }

  #streamed(id: string): StreamedContainer {
    const container = this.#container(id);
    const { config, log } = container;
    const process = container.state === "running" ? container.process : undefined;
    const ended = new Promise<number>((resolve) => container.stopped.push(() => resolve(container.end?.exitCode ?? 0)));
    return { config, hostname: container.sandbox.config.hostname, log, process, ended };
  }

  async reopenLog(id: string): Promise<void> {
    this.#container(id);
  }

  async updateContainerResources(id: string): Promise<void> {
    this.#container(id);
  }

  containerEvents(sink: (event: ContainerEvent) => void): { stop(): void } {
    this.#sinks.add(sink);
    return { stop: () => this.#sinks.delete(sink) };
  }

  async listImages(): Promise<readonly Image[]> {
    return this.#images.list().map(imageOf);
  }

  async imageStatus({ image }: ImageSpec): Promise<Image | undefined> {
    return this.#images.has(image) ? imageOf(image) : undefined;
  }

  async pullImage({ image }: ImageSpec, options: PullOptions = {}): Promise<string> {
    const script = scriptFor(image, this.#options.scripts ?? []);
    const annotations = options.sandbox?.annotations;
    const annotated = durationMs(annotationFor(annotations, "pull-duration", ""));
    const ms = annotated ?? script?.pullMs ?? this.#options.pullMs ?? 0;
    if (ms > 0) await sleep(this.#options.host.clock, ms, options.signal);
    const refused = annotationFor(annotations, "pull-error", "") ?? script?.pullError;
    if (refused !== undefined) throw new RuntimeError("Unknown", refused);
    this.#images.checkPullable(image);
    this.#images.add(image);
    return imageId(image);
  }

  async removeImage({ image }: ImageSpec): Promise<void> {
    this.#images.remove(image);
  }

  async imageFsInfo(): Promise<readonly FilesystemUsage[]> {
    const usedBytes = this.#images.list().reduce((sum, image) => sum + imageSizeBytes(image), 0);
    return [{ mountpoint: "/var/lib/containerd", usedBytes, inodesUsed: 0 }];
  }

  /** Goes on with a pod that ran before this process began: nothing of it changes. */
  adopt({ config, ips, startedAtMs, containers }: AdoptedPod): void {
    for (const ip of ips) this.#addresses?.reserve(ip);
    const sandbox = this.#addSandbox(config, ips, startedAtMs);
    for (const adopted of containers) {
      this.#images.add(adopted.config.image.image);
      const container = this.#addContainer(sandbox, adopted.id, adopted.config, adopted.startedAtMs);
      if (adopted.end === undefined) this.#run(container, adopted.startedAtMs);
      else {
        container.state = "exited";
        container.startedAtMs = adopted.startedAtMs;
        container.finishedAtMs = adopted.end.finishedAtMs;
        container.end = adopted.end;
        container.log.end();
      }
    }
  }

  /** What a container answers to a GET, or to a POST with a body; undefined when the port is closed. */
  answer(id: string, port: number, url: string, body?: string): HttpAnswer | undefined {
    const container = this.#containers.get(id);
    if (container === undefined || !mayServeAt(container.config, port)) return undefined;
    const answering = this.#answering(container);
    return answering === undefined ? undefined : answerOf(answering, { url, body });
  }

  /** What a pod answers at its address; undefined when it is no pod's of this node, or nothing listens there. */
  answerAt(url: URL, body?: string): HttpAnswer | undefined {
    const sandbox = this.#sandboxes.get(this.sandboxAt(url.hostname) ?? "");
    const listening = sandbox?.containers.find(listens);
    const port = Number(url.port || 80);
    return listening === undefined ? undefined : this.answer(listening.id, port, url.pathname + url.search, body);
  }

  /** Whether a port of a container answers. */
  listens(id: string, port: number): boolean {
    const container = this.#containers.get(id);
    return container?.process?.listens === true && mayServeAt(container.config, port);
  }

  #answering({ config, process, sandbox }: SimulatedContainer): AnsweringContainer | undefined {
    if (process?.listens !== true) return undefined;
    return { hostname: sandbox.config.hostname, config, process, clock: this.#options.host.clock };
  }

  async lines(id: string): Promise<readonly LogLine[]> {
    return this.#container(id).log.lines;
  }

  follow(id: string, signal?: AbortSignal): AsyncIterable<LogLine> {
    return this.#container(id).log.follow(undefined, signal);
  }

  /** Takes the power away: no timer is left, no event follows. */
  shutdown(): void {
    this.#sinks.clear();
    for (const container of this.#containers.values()) container.process?.abandon();
  }

  get #now(): number {
    return this.#options.host.clock.now();
  }

  #takeAddress(): string {
    const address = this.#addresses?.take();
    if (address !== undefined) return address;
    const why =
      this.#addresses === undefined
        ? "cni plugin not initialized"
        : `plugin type="host-local" failed (add): failed to allocate for range 0: no IP addresses available in range set: ${this.#podCidr}`;
    throw new RuntimeError("Unknown", `failed to setup network for sandbox: ${why}`);
  }

  #newId(): string {
    return Buffer.from(this.#options.host.random.bytes(32)).toString("hex");
  }

  #addSandbox(config: PodSandboxConfig, ips: readonly string[], createdAtMs: number): Sandbox {
    const sandbox: Sandbox = { id: this.#newId(), config, ips, createdAtMs, state: "ready", containers: [] };
    this.#sandboxes.set(sandbox.id, sandbox);
    const { uid } = config.metadata;
    const known = this.#byPod.get(uid);
    if (known === undefined) this.#byPod.set(uid, [sandbox]);
    else known.push(sandbox);
    return sandbox;
  }

  #addContainer(sandbox: Sandbox, id: string, config: ContainerConfig, createdAtMs: number): SimulatedContainer {
    const log = new SimulatedLog(this.#options.host.clock);
    const container: SimulatedContainer = { id, sandbox, config, createdAtMs, log, state: "created", stopped: [] };
    this.#containers.set(id, container);
    sandbox.containers.push(container);
    return container;
  }

  #run(container: SimulatedContainer, startedAtMs: number): void {
    const { config, sandbox, log } = container;
    const behaviour = behaviourOf(config, sandbox.config.annotations, this.#options.scripts ?? []);
    const onEnd = (end: ProcessEnd): void => {
      container.state = "exited";
      container.finishedAtMs = this.#now;
      container.end = end;
      for (const resolve of container.stopped.splice(0)) resolve();
      this.#emit("stopped", container);
    };
    const files = () => this.#filesOf(container, behaviour.kind === "program");
    const { host, ask } = this.#options;
    const { clock } = host;
    const { hostname } = sandbox.config;
    const process = new SimulatedProcess({ clock, behaviour, config, hostname, log, files, ask, startedAtMs, onEnd });
    container.state = "running";
    container.startedAtMs = startedAtMs;
    container.process = process;
    process.start();
  }

  #filesOf({ config, sandbox }: SimulatedContainer, isKnown: boolean): ContainerFiles {
    const { mountsOf, servesOtherwise } = this.#options;
    const name = config.labels[containerNameLabel] ?? config.metadata.name;
    const { uid: podUid } = sandbox.config.metadata;
    const environment = config.envs ?? [];
    const findMounts = mountsOf && (() => mountsOf({ podUid, name, environment, podIPs: sandbox.ips }));
    const readOnlyRoot = config.security?.readOnlyRootFilesystem;
    if (isKnown) return new ContainerFiles(new Map(), { findMounts, readOnlyRoot });
    return new ContainerFiles(new AnyFiles(), { findMounts, readOnlyRoot, changed: () => servesOtherwise?.(podUid) });
  }

  #emit(type: ContainerEvent["type"], container: SimulatedContainer): void {
    const { id, sandbox } = container;
    const event: ContainerEvent = {
      type,
      containerId: id,
      podSandboxId: sandbox.id,
      podUid: sandbox.config.metadata.uid,
      createdAtMs: this.#now,
    };
    for (const sink of this.#sinks) sink(event);
  }

  /** By pod when the filter names one: the kubelet asks about one pod at a time. */
  #candidates(labels: StringMap | undefined): readonly Sandbox[] {
    const uid = labels?.[podUidLabel];
    return uid === undefined ? [...this.#sandboxes.values()] : (this.#byPod.get(uid) ?? []);
  }

  #sandbox(id: string): Sandbox {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined)
      throw new RuntimeError("NotFound", `an error occurred when try to find sandbox: not found`);
    return sandbox;
  }

  #container(id: string): SimulatedContainer {
    const container = this.#containers.get(id);
    if (container === undefined) {
      throw new RuntimeError("NotFound", `an error occurred when try to find container "${id}": not found`);
    }
    return container;
  }
}
