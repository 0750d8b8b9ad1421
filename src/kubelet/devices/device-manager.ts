import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Container, Pod } from "../../api/types/index.ts";
import type { Host, Timer } from "../../host/index.ts";
import { type ServedService, type SocketServer, serveSocket } from "../plugin-sockets/index.ts";
import { isSidecar, podUid } from "../pod-worker/index.ts";
import type { Device as HostDevice, Mount } from "../runtime/runtime.ts";
import { type Allocation, choose, type Remembered, readAllocations, writeAllocations } from "./allocations.ts";
import { devicePluginDescriptor, podResourcesDescriptor } from "./descriptors.ts";
import { type Device, DevicePlugin } from "./device-plugin.ts";
import { podResourcesMethods } from "./pod-resources.ts";

/** What a node offers of its devices, by resource. */
export interface DeviceFacts {
  readonly capacity: Readonly<Record<string, string>>;
  /** The healthy ones. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** What a container gets besides what its pod says. */
export interface GivenDevices {
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly HostDevice[];
  readonly annotations: Readonly<Record<string, string>>;
  /** By their full names; the runtime knows what belongs to them. */
  readonly cdiDevices: readonly string[];
}

export interface DeviceManagerOptions {
  readonly host: Host;
  /** The kubelet's folder. */
  readonly rootDir: string;
  /** The pods of this node that have not ended. */
  pods(): readonly Pod[];
}

interface RegisterRequest {
  readonly version: string;
  readonly endpoint: string;
  readonly resourceName: string;
}

interface Resource {
  readonly plugin?: DevicePlugin;
  readonly devices: ReadonlyMap<string, Device>;
}

const pluginVersion = "v1beta1";
const allocationsFile = "allocations.json";
/** How long devices of a plugin that is gone still count as the node's: it may only be restarting. */
const goneGraceMs = 5 * 60_000;

/** The device plugins of a node. */
export class DeviceManager {
  readonly #options: DeviceManagerOptions;
  readonly #folder: string;
  readonly #resources = new Map<string, Resource>();
  readonly #timers = new Map<string, Timer>();
  readonly #servers: SocketServer[] = [];
  #allocations: readonly Allocation[] = [];
  #changed: () => void = () => undefined;
  /** One choice after the other: two containers must not be given the same device. */
  #last: Promise<unknown> = Promise.resolve();
  #stopped = false;

  private constructor(options: DeviceManagerOptions) {
    this.#options = options;
    this.#folder = join(options.rootDir, "device-plugins");
  }

  /** Listens for plugins; those of before see their former kubelet's socket go, and register again. */
  static async open(options: DeviceManagerOptions): Promise<DeviceManager> {
    const manager = new DeviceManager(options);
    await manager.#open();
    return manager;
  }

  /** Is told whenever the node offers something else. */
  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  facts(): DeviceFacts {
    const count = (isCounted: (device: Device) => boolean) =>
      Object.fromEntries(
        [...this.#resources].map(([name, { devices }]) => [
          name,
          String([...devices.values()].filter(isCounted).length),
        ]),
      );
    return { capacity: count(() => true), allocatable: count(isHealthy) };
  }

  /**
   * Gives a container its devices, the same ones each time it starts; undefined for one that wants none.
   * @throws Error when there are none left, or the plugin refuses
   */
  async given(pod: Pod, container: Container): Promise<GivenDevices | undefined> {
    const wanted = Object.entries(container.resources?.limits ?? {}).filter(([name]) => this.#resources.has(name));
    const parts: Allocation[] = [];
    for (const [resource, amount] of wanted) {
      const count = Number(amount);
      if (count === 0) continue;
      const allocation = await this.#oneByOne(() => this.#allocate(pod, container, resource, count));
      await this.#resources.get(resource)?.plugin?.preStart(allocation.ids);
      parts.push(allocation);
    }
    return parts.length === 0 ? undefined : combined(parts);
  }

  stop(): void {
    this.#stopped = true;
    for (const server of this.#servers) server.stop();
    for (const timer of this.#timers.values()) timer.cancel();
    for (const { plugin } of this.#resources.values()) plugin?.close();
  }

  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    const { resources, allocations } = await this.#remembered();
    this.#allocations = allocations;
    for (const name of resources) {
      this.#resources.set(name, { devices: new Map() });
      this.#forgetLater(name);
    }
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      if (entry.isSocket()) await rm(join(this.#folder, entry.name), { force: true });
    }
    await this.#serve(join(this.#folder, "kubelet.sock"), {
      descriptor: devicePluginDescriptor,
      name: `${pluginVersion}.Registration`,
      methods: { Register: (request) => this.#register(request as RegisterRequest) },
    });
    await this.#serve(join(this.#options.rootDir, "pod-resources", "kubelet.sock"), {
      descriptor: podResourcesDescriptor,
      name: "v1.PodResourcesLister",
      methods: podResourcesMethods({
        pods: () => this.#options.pods(),
        allocations: () => this.#allocations,
        devices: () => [...this.#resources].map(([name, { devices }]) => [name, devices] as const),
      }),
    });
  }

  /** A file that cannot be read must not keep the node from running pods. */
  async #remembered(): Promise<Remembered> {
    const path = join(this.#folder, allocationsFile);
    try {
      return await readAllocations(path);
    } catch (error) {
      const { log } = this.#options.host;
      log.error("it is not known which containers have which devices", { path, error: String(error) });
      return { resources: [], allocations: [] };
    }
  }

  /** A folder whose name is too long for a socket must not keep the node from running pods. */
  async #serve(path: string, served: ServedService): Promise<void> {
    try {
      this.#servers.push(await serveSocket(path, served));
    } catch (error) {
      const { log } = this.#options.host;
      log.error("a socket for plugins could not be opened: their devices cannot be had", {
        path,
        error: String(error),
      });
    }
  }

  #register({ version, endpoint, resourceName }: RegisterRequest): object {
    const { log } = this.#options.host;
    if (version !== pluginVersion) {
      throw new Error(
        `requested API version "${version}" is not supported by kubelet. Supported version is ["${pluginVersion}"]`,
      );
    }
    if (!resourceName.includes("/") || /(^|\.)kubernetes\.io\//.test(resourceName)) {
      throw new Error(`the ResourceName "${resourceName}" is invalid`);
    }
    // Within the folder, whatever it is called.
    const path = join(this.#folder, basename(endpoint));
    this.#connect(resourceName, path).catch((error: unknown) => {
      log.warn("a device plugin could not be reached", { resource: resourceName, socket: path, error: String(error) });
    });
    return {};
  }

  async #connect(name: string, path: string): Promise<void> {
    const plugin = await DevicePlugin.connect(path, this.#options.host.clock);
    if (this.#stopped) {
      plugin.close();
      return;
    }
    this.#resources.get(name)?.plugin?.close();
    this.#timers.get(name)?.cancel();
    this.#resources.set(name, { plugin, devices: new Map() });
    const isCurrent = () => this.#resources.get(name)?.plugin === plugin;
    plugin.watch(
      (devices) => {
        if (!isCurrent()) return;
        this.#resources.set(name, { plugin, devices: new Map(devices.map((device) => [device.ID, device])) });
        this.#changed();
      },
      () => {
        if (isCurrent()) this.#gone(name, plugin);
      },
    );
    await this.#save();
  }

  /** Nobody looks after its devices any more: none of them is healthy. */
  #gone(name: string, plugin: DevicePlugin): void {
    plugin.close();
    if (this.#stopped) return;
    const devices = [...(this.#resources.get(name)?.devices ?? [])];
    const unhealthy = devices.map(([id, device]) => [id, { ...device, health: "Unhealthy" }] as const);
    this.#resources.set(name, { devices: new Map(unhealthy) });
    this.#forgetLater(name);
    this.#changed();
  }

  /** The resource stays known, with nothing of it. */
  #forgetLater(name: string): void {
    const forget = () => {
      this.#resources.set(name, { devices: new Map() });
      this.#changed();
    };
    this.#timers.set(name, this.#options.host.clock.setTimer(goneGraceMs, forget));
  }

  async #allocate(pod: Pod, container: Container, resource: string, count: number): Promise<Allocation> {
    const uid = podUid(pod);
    const isSame = (one: Allocation) =>
      one.podUid === uid && one.container === container.name && one.resource === resource;
    const known = this.#allocations.find(isSame);
    if (known?.ids.length === count) return known;
    const { plugin, devices = new Map() } = this.#resources.get(resource) ?? {};
    if (plugin === undefined)
      throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
    const active = new Set([...this.#options.pods().map(podUid), uid]);
    this.#allocations = this.#allocations.filter((one) => active.has(one.podUid) && !isSame(one));
    const ids = await choose({
      resource,
      count,
      healthy: new Set([...devices].flatMap(([id, device]) => (isHealthy(device) ? [id] : []))),
      taken: new Set(this.#allocations.filter((one) => one.resource === resource).flatMap((one) => one.ids)),
      reusable: this.#reusable(pod, container, resource),
      preferred: (available, mustInclude, size) => plugin.preferred(available, mustInclude, size),
    });
    const allocation = { podUid: uid, container: container.name, resource, ids, allocated: await plugin.allocate(ids) };
    this.#allocations = [...this.#allocations, allocation];
    await this.#save();
    return allocation;
  }

  /** What init containers that end had, as long as no other container of their pod has got it. */
  #reusable(pod: Pod, container: Container, resource: string): string[] {
    const passing = new Set((pod.spec?.initContainers ?? []).filter((one) => !isSidecar(one)).map(({ name }) => name));
    const own = this.#allocations.filter((one) => one.podUid === podUid(pod) && one.resource === resource);
    const kept = new Set(own.filter((one) => !passing.has(one.container)).flatMap(({ ids }) => ids));
    const former = own.filter((one) => passing.has(one.container) && one.container !== container.name);
    return [...new Set(former.flatMap(({ ids }) => ids))].filter((id) => !kept.has(id));
  }

  #save(): Promise<void> {
    const remembered = { resources: [...this.#resources.keys()], allocations: this.#allocations };
    return writeAllocations(join(this.#folder, allocationsFile), remembered);
  }

  #oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

function isHealthy({ health }: Device): boolean {
  return health === "Healthy";
}

function combined(parts: readonly Allocation[]): GivenDevices {
  const all = parts.map(({ allocated }) => allocated);
  return {
    envs: all.flatMap(({ envs }) => Object.entries(envs).map(([key, value]) => ({ key, value }))),
    mounts: all.flatMap(({ mounts }) =>
      mounts.map(({ containerPath, hostPath, readOnly }) => ({ containerPath, hostPath, readonly: readOnly })),
    ),
    devices: all.flatMap(({ devices }) => devices),
    annotations: Object.assign({}, ...all.map(({ annotations }) => annotations)),
    cdiDevices: all.flatMap(({ cdiDevices }) => cdiDevices.map(({ name }) => name)),
  };
}
