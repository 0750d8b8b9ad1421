// A driver of the container storage interface for tests: volumes are folders, publishing binds them.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server, ServerCredentials, type ServiceDefinition, status } from "@grpc/grpc-js";
import { serviceDefinition } from "../../src/grpc/index.ts";
import { csiDescriptor, registrationDescriptor } from "../../src/kubelet/volumes/csi/descriptors.ts";

export interface DriverOptions {
  readonly name: string;
  /** The kubelet's folder. */
  readonly root: string;
  readonly capabilities?: readonly string[];
  readonly topology?: Readonly<Record<string, string>>;
  readonly maxVolumesPerNode?: number;
  readonly versions?: readonly string[];
  /** What pods get of volumes of mode Block. */
  readonly device?: string;
}

interface Call {
  readonly method: string;
  readonly request: Record<string, unknown>;
}

export class TestDriver {
  readonly calls: Call[] = [];
  /** What the kubelet said to the registration. */
  registered: { pluginRegistered: boolean; error: string } | undefined;
  /** Calls of these methods fail. */
  readonly failing = new Set<string>();
  readonly #options: DriverOptions;
  readonly #server = new Server();

  private constructor(options: DriverOptions) {
    this.#options = options;
  }

  static async start(options: DriverOptions): Promise<TestDriver> {
    const driver = new TestDriver(options);
    await driver.#listen();
    return driver;
  }

  get data(): string {
    return join(this.#options.root, "..", `data-${this.#options.name}`);
  }

  /** The methods that were called since the last time, without those that only ask. */
  take(): string[] {
    const taken = this.calls.splice(0).map(({ method }) => method);
    return taken.filter((method) => !method.startsWith("NodeGet") && !method.startsWith("GetInfo"));
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  async #listen(): Promise<void> {
    const { name, root, capabilities = [], topology, maxVolumesPerNode = 0, versions = ["1.0.0"] } = this.#options;
    mkdirSync(join(root, "plugins_registry"), { recursive: true });
    mkdirSync(join(root, "plugins", name), { recursive: true });
    const endpoint = join(root, "plugins", name, "csi.sock");
    const announced = join(root, "plugins_registry", `${name}-reg.sock`);
    this.#add(serviceDefinition(registrationDescriptor, "pluginregistration.Registration", { int64: "number" }), {
      GetInfo: () => ({ type: "CSIPlugin", name, endpoint, supportedVersions: versions }),
      NotifyRegistrationStatus: (request) => {
        this.registered = request as unknown as NonNullable<TestDriver["registered"]>;
        return {};
      },
    });
    this.#add(serviceDefinition(csiDescriptor, "csi.v1.Node", { int64: "number" }), {
      NodeGetInfo: () => ({
        nodeId: `id-of-${name}`,
        maxVolumesPerNode,
        ...(topology === undefined ? {} : { accessibleTopology: { segments: topology } }),
      }),
      NodeGetCapabilities: () => ({ capabilities: capabilities.map((type) => ({ rpc: { type } })) }),
      NodeExpandVolume: () => ({}),
      NodeGetVolumeStats: () => ({
        usage: [
          { unit: "BYTES", total: 1000, available: 600, used: 400 },
          { unit: "INODES", total: 10, available: 7, used: 3 },
        ],
      }),
      NodeStageVolume: ({ stagingTargetPath, volumeCapability }) =>
        isBlock(volumeCapability) ? {} : this.#bind(String(stagingTargetPath)),
      NodeUnstageVolume: ({ stagingTargetPath }) => this.#unbind(String(stagingTargetPath)),
      NodePublishVolume: ({ targetPath, volumeCapability }) =>
        isBlock(volumeCapability) ? this.#bindDevice(String(targetPath)) : this.#bind(String(targetPath)),
      NodeUnpublishVolume: ({ targetPath }) => this.#unbind(String(targetPath)),
    });
    for (const socket of [endpoint, announced]) await this.#bindSocket(socket);
  }

  #bindSocket(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  #add(service: ServiceDefinition, handlers: Record<string, (request: Record<string, unknown>) => object>): void {
    const entries = Object.entries(handlers).map(([method, answer]) => {
      const handle = (
        call: { request: Record<string, unknown> },
        done: (error: object | null, value?: object) => void,
      ) => {
        this.calls.push({ method, request: call.request });
        if (this.failing.has(method)) done({ code: status.INTERNAL, details: `${method} fails` });
        else done(null, answer(call.request));
      };
      return [method, handle];
    });
    this.#server.addService(service, Object.fromEntries(entries));
  }

  #bind(path: string): object {
    mkdirSync(this.data, { recursive: true });
    mkdirSync(path, { recursive: true });
    if (!isMounted(path)) execFileSync("mount", ["--bind", this.data, path]);
    return {};
  }

  #bindDevice(path: string): object {
    const { device } = this.#options;
    if (device === undefined) throw new Error("the driver has no device");
    if (isMounted(path)) return {};
    writeFileSync(path, "");
    execFileSync("mount", ["--bind", device, path]);
    return {};
  }

  #unbind(path: string): object {
    if (isMounted(path)) execFileSync("umount", [path]);
    rmSync(path, { recursive: true, force: true });
    return {};
  }
}

function isBlock(capability: unknown): boolean {
  return (capability as { block: object | null }).block !== null;
}

function isMounted(path: string): boolean {
  const text = execFileSync("cat", ["/proc/self/mountinfo"], { encoding: "utf8" });
  return text.split("\n").some((line) => line.split(" ")[4] === path);
}
