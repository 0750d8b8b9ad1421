import { lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { deepEqual, isReason } from "../../../api/meta/index.ts";
import { resources } from "../../../client/index.ts";
import { type Timer, undefinedIfAbsent } from "../../../host/index.ts";
import { openSocket, type SocketClient } from "../../plugin-sockets/index.ts";
import type { VolumeNode } from "../volume-kind.ts";
import {
  type CSINodeDriver,
  csiNodeOf,
  nodePatch,
  nodePatchWithout,
  withDriver,
  withoutDriver,
} from "./csi-node-object.ts";
import { csiDescriptor, registrationDescriptor } from "./descriptors.ts";

/** A driver that has registered. */
export interface CsiDriver {
  readonly name: string;
  readonly node: SocketClient;
  /** `STAGE_UNSTAGE_VOLUME` and so on. */
  readonly capabilities: ReadonlySet<string>;
}

interface PluginInfo {
  readonly type: string;
  readonly name: string;
  readonly endpoint: string;
  readonly supportedVersions: readonly string[];
}

interface NodeInfo {
  readonly nodeId: string;
  readonly maxVolumesPerNode: number;
  readonly accessibleTopology: { readonly segments: Readonly<Record<string, string>> } | null;
}

const lookEveryMs = 1000;
/** How often a change is tried again that somebody else's change came before. */
const conflictTriesMax = 5;

/**
 * The drivers of a node: each puts a socket into the kubelet's registry folder, is asked there who it is, and is then told in
 * the node's CSINode; it is forgotten when its socket goes.
 */
export class CsiDrivers {
  readonly #node: VolumeNode;
  readonly #drivers = new Map<string, CsiDriver>();
  /** The driver that each socket stands for; undefined for plugins of other kinds. */
  readonly #sockets = new Map<string, string | undefined>();
  #timer: Timer | undefined;
  #hasObject = false;
  #problem = "";
  #stopped = false;

  constructor(node: VolumeNode) {
    this.#node = node;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const { node } of this.#drivers.values()) node.close();
  }

  /** @throws Error when no driver of this name has registered */
  driver(name: string): CsiDriver {
    const found = this.#drivers.get(name);
    if (found === undefined) throw new Error(`driver name ${name} not found in the list of registered CSI drivers`);
    return found;
  }

  async #look(): Promise<void> {
    const { log, clock } = this.#node.host;
    try {
      await this.#ensureObject();
      const folder = this.#node.layout.pluginRegistry;
      await mkdir(folder, { recursive: true, mode: 0o750 });
      const sockets = new Set<string>();
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (!name.startsWith(".") && (await lstat(path).catch(undefinedIfAbsent))?.isSocket()) sockets.add(path);
      }
      for (const path of [...this.#sockets.keys()]) if (!sockets.has(path)) await this.#forget(path);
      for (const path of sockets) if (!this.#sockets.has(path)) await this.#register(path);
    } catch (error) {
      // Told once, not every second, while the API server is away.
      if (String(error) !== this.#problem)
        log.warn("drivers of volumes could not be looked for", { error: String(error) });
      this.#problem = String(error);
    }
    if (!this.#stopped) this.#timer = clock.setTimer(lookEveryMs, () => void this.#look());
  }

  async #register(socket: string): Promise<void> {
    const { clock, log } = this.#node.host;
    const registration = await openSocket(socket, registrationDescriptor, "pluginregistration.Registration", clock);
    try {
      const info = await registration.call<PluginInfo>("GetInfo", {});
      // Of another kind (device plugins, resource drivers): not this folder's business.
      if (info.type !== "CSIPlugin") {
        this.#sockets.set(socket, undefined);
        log.warn("a plugin of this kind is not supported", { socket, type: info.type });
        return;
      }
      const problem = await this.#connect(info, socket).then(
        () => "",
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      await registration.call("NotifyRegistrationStatus", { pluginRegistered: problem === "", error: problem });
      // One that was refused is asked again with the next look.
      if (problem === "") this.#sockets.set(socket, info.name);
      else log.warn("a driver of volumes was refused", { driver: info.name, problem });
    } catch (error) {
      // It may not listen yet: the next look asks again.
      log.info("a driver of volumes does not answer yet", { socket, error: String(error) });
    } finally {
      registration.close();
    }
  }

  async #connect({ name, endpoint, supportedVersions }: PluginInfo, socket: string): Promise<void> {
    if (!supportedVersions.some((version) => /^v?1(\.|$)/.test(version))) {
      throw new Error(
        `failed to get highest supported version for CSI driver ${name}: none of the versions reported by this driver are supported`,
      );
    }
    const node = await openSocket(
      endpoint === "" ? socket : endpoint,
      csiDescriptor,
      "csi.v1.Node",
      this.#node.host.clock,
    );
    try {
      const info = await node.call<NodeInfo>("NodeGetInfo", {});
      const { capabilities } = await node.call<{ capabilities: { rpc: { type: string } | null }[] }>(
        "NodeGetCapabilities",
        {},
      );
      await this.#tell(name, info);
      this.#drivers.get(name)?.node.close();
      const types = capabilities.flatMap(({ rpc }) => rpc?.type ?? []);
      this.#drivers.set(name, { name, node, capabilities: new Set(types) });
    } catch (error) {
      node.close();
      throw error;
    }
  }

  async #forget(socket: string): Promise<void> {
    const name = this.#sockets.get(socket);
    this.#sockets.delete(socket);
    if (name === undefined) return;
    this.#drivers.get(name)?.node.close();
    this.#drivers.delete(name);
    const { client, name: nodeName } = this.#node;
    await this.#changeObject((drivers) => withoutDriver(drivers, name));
    const nodes = client.resource(resources.nodes);
    await nodes.patch({ name: nodeName }, "merge", nodePatchWithout(await nodes.get({ name: nodeName }), name));
  }

  async #tell(name: string, { nodeId, maxVolumesPerNode, accessibleTopology }: NodeInfo): Promise<void> {
    const { client, name: nodeName } = this.#node;
    const topology = accessibleTopology?.segments ?? {};
    const nodes = client.resource(resources.nodes);
    await nodes.patch(
      { name: nodeName },
      "merge",
      nodePatch(await nodes.get({ name: nodeName }), name, nodeId, topology),
    );
    const driver: CSINodeDriver = {
      name,
      nodeID: nodeId,
      topologyKeys: Object.keys(topology),
      ...(maxVolumesPerNode > 0 ? { allocatable: { count: maxVolumesPerNode } } : {}),
    };
    const { spec } = await client.resource(resources.csinodes).get({ name: nodeName });
    const former = spec.drivers.find((known) => known.name === name);
    if (deepEqual(former, driver)) return;
    // What a driver told once cannot be changed, only taken back and told anew.
    if (former !== undefined) await this.#changeObject((drivers) => withoutDriver(drivers, name));
    await this.#changeObject((drivers) => withDriver(drivers, driver));
  }

  /** A node without drivers tells that, too: the scheduler then knows how many volumes it takes. */
  async #ensureObject(): Promise<void> {
    if (this.#hasObject) return;
    const { client, name } = this.#node;
    const node = await client.resource(resources.nodes).find({ name });
    // Not registered yet: the next look finds it.
    if (node === undefined) return;
    try {
      const known = await client.resource(resources.csinodes).find({ name });
      if (known === undefined) await client.resource(resources.csinodes).create(csiNodeOf(node));
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
    }
    this.#hasObject = true;
  }

  async #changeObject(change: (drivers: readonly CSINodeDriver[]) => CSINodeDriver[]): Promise<void> {
    const nodes = this.#node.client.resource(resources.csinodes);
    for (let tries = 1; ; tries++) {
      const known = await nodes.get({ name: this.#node.name });
      try {
        await nodes.update({ ...known, spec: { ...known.spec, drivers: change(known.spec.drivers) } });
        return;
      } catch (error) {
        if (!isReason(error, "Conflict") || tries === conflictTriesMax) throw error;
      }
    }
  }
}
