import type { Clock } from "../../host/index.ts";
import { openSocket, type SocketClient } from "../plugin-sockets/index.ts";
import { devicePluginDescriptor } from "./descriptors.ts";

export interface Device {
  readonly ID: string;
  readonly health: string;
  readonly topology: { readonly nodes: readonly { readonly ID: number }[] } | null;
}

/** What a container is to be given for its devices, in the plugin's words. */
export interface Allocated {
  readonly envs: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly containerPath: string; readonly hostPath: string; readonly readOnly: boolean }[];
  readonly devices: readonly {
    readonly containerPath: string;
    readonly hostPath: string;
    readonly permissions: string;
  }[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly { readonly name: string }[];
}

interface Options {
  readonly preStartRequired: boolean;
  readonly getPreferredAllocationAvailable: boolean;
}

/** One plugin that has registered. */
export class DevicePlugin {
  readonly #socket: SocketClient;
  readonly #options: Options;

  private constructor(socket: SocketClient, options: Options) {
    this.#socket = socket;
    this.#options = options;
  }

  /** @throws Error when the plugin does not answer */
  static async connect(path: string, clock: Clock): Promise<DevicePlugin> {
    const socket = await openSocket(path, devicePluginDescriptor, "v1beta1.DevicePlugin", clock);
    try {
      return new DevicePlugin(socket, await socket.call<Options>("GetDevicePluginOptions", {}));
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Tells all devices now and whenever one has changed, until the plugin is gone. */
  watch(heard: (devices: readonly Device[]) => void, gone: () => void): void {
    this.#socket.listen<{ devices: readonly Device[] }>("ListAndWatch", {}, ({ devices }) => heard(devices), gone);
  }

  /** Which of them the plugin would take; nothing when it does not mind. */
  async preferred(
    available: readonly string[],
    mustInclude: readonly string[],
    size: number,
  ): Promise<readonly string[]> {
    if (!this.#options.getPreferredAllocationAvailable) return [];
    const request = { availableDeviceIDs: available, mustIncludeDeviceIDs: mustInclude, allocationSize: size };
    const { containerResponses } = await this.#socket.call<{
      containerResponses: readonly { readonly deviceIDs: readonly string[] }[];
    }>("GetPreferredAllocation", { containerRequests: [request] });
    return containerResponses[0]?.deviceIDs ?? [];
  }

  async allocate(ids: readonly string[]): Promise<Allocated> {
    const { containerResponses } = await this.#socket.call<{ containerResponses: readonly Allocated[] }>("Allocate", {
      containerRequests: [{ devicesIDs: ids }],
    });
    const [allocated] = containerResponses;
    if (allocated === undefined) throw new Error("the device plugin answered Allocate with nothing");
    return allocated;
  }

  /** Before each start of a container, for plugins that want to reset their devices then. */
  async preStart(ids: readonly string[]): Promise<void> {
    if (this.#options.preStartRequired) await this.#socket.call("PreStartContainer", { devicesIDs: ids });
  }

  close(): void {
    this.#socket.close();
  }
}
