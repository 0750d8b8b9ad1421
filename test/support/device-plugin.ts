// A device plugin for tests: its devices are names, each of which is /dev/null to the container that has it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Server, ServerCredentials, type ServerWritableStream } from "@grpc/grpc-js";
import { serviceDefinition } from "../../src/grpc/index.ts";
import { systemHost } from "../../src/host/index.ts";
import { devicePluginDescriptor, podResourcesDescriptor } from "../../src/kubelet/devices/descriptors.ts";
import { openSocket } from "../../src/kubelet/plugin-sockets/index.ts";

const messages = { int64: "number" } as const;

export interface PluginOptions {
  /** The kubelet's folder. */
  readonly root: string;
  readonly resource: string;
  readonly devices: readonly string[];
  /** Mounted at /given. */
  readonly folder?: string;
}

interface Call {
  readonly method: string;
  readonly request: Record<string, unknown>;
}

export class TestDevicePlugin {
  readonly calls: Call[] = [];
  readonly #options: PluginOptions;
  #server = new Server();
  readonly #health = new Map<string, string>();
  #watchers: ServerWritableStream<object, object>[] = [];

  private constructor(options: PluginOptions) {
    this.#options = options;
    for (const id of options.devices) this.#health.set(id, "Healthy");
  }

  /** Listens, and registers with the kubelet. */
  static async start(options: PluginOptions): Promise<TestDevicePlugin> {
    const plugin = new TestDevicePlugin(options);
    await plugin.#begin();
    return plugin;
  }

  /** Anew, as plugins do when another kubelet has removed their socket. */
  async again(): Promise<void> {
    this.#server.forceShutdown();
    this.#server = new Server();
    this.#watchers = [];
    await this.#begin();
  }

  async #begin(): Promise<void> {
    await this.#listen();
    await this.#register();
  }

  async #register(): Promise<void> {
    const socket = join(this.#options.root, "device-plugins", "kubelet.sock");
    const kubelet = await openSocket(socket, devicePluginDescriptor, "v1beta1.Registration", systemHost().clock);
    const request = { version: "v1beta1", endpoint: this.#endpoint, resourceName: this.#options.resource };
    try {
      await kubelet.call("Register", request);
    } finally {
      kubelet.close();
    }
  }

  setHealth(id: string, health: "Healthy" | "Unhealthy"): void {
    this.#health.set(id, health);
    for (const watcher of this.#watchers) watcher.write(this.#state());
  }

  stop(): void {
    this.#server.forceShutdown();
    rmSync(join(this.#options.root, "device-plugins", this.#endpoint), { force: true });
  }

  get #endpoint(): string {
    return `${this.#options.resource.replace("/", "-")}.sock`;
  }

  #state(): object {
    return { devices: [...this.#health].map(([ID, health]) => ({ ID, health, topology: { nodes: [{ ID: 0 }] } })) };
  }

  async #listen(): Promise<void> {
    const answers: Record<string, (request: Record<string, unknown>) => object> = {
      GetDevicePluginOptions: () => ({ preStartRequired: true, getPreferredAllocationAvailable: true }),
      // The last ones first.
      GetPreferredAllocation: ({ containerRequests }) => ({
        containerResponses: (containerRequests as { availableDeviceIDs: string[]; allocationSize: number }[]).map(
          ({ availableDeviceIDs, allocationSize }) => ({
            deviceIDs: [...availableDeviceIDs].reverse().slice(0, allocationSize),
          }),
        ),
      }),
      Allocate: ({ containerRequests }) => ({
        containerResponses: (containerRequests as { devicesIDs: string[] }[]).map(({ devicesIDs }) => ({
          envs: { DONGLES: devicesIDs.join(",") },
          mounts: [{ containerPath: "/given", hostPath: this.#options.folder ?? "/etc", readOnly: true }],
          devices: devicesIDs.map((id) => ({ containerPath: `/dev/${id}`, hostPath: "/dev/null", permissions: "rw" })),
          annotations: { "example.com/dongles": devicesIDs.join(",") },
        })),
      }),
      PreStartContainer: () => ({}),
    };
    const unary = Object.entries(answers).map(([method, answer]) => [
      method,
      ({ request }: { request: Record<string, unknown> }, done: (error: null, response: object) => void) => {
        this.calls.push({ method, request });
        done(null, answer(request));
      },
    ]);
    this.#server.addService(serviceDefinition(devicePluginDescriptor, "v1beta1.DevicePlugin", messages), {
      ...Object.fromEntries(unary),
      ListAndWatch: (stream: ServerWritableStream<object, object>) => {
        this.#watchers.push(stream);
        stream.on("cancelled", () => {
          this.#watchers = this.#watchers.filter((one) => one !== stream);
        });
        stream.write(this.#state());
      },
    });
    await new Promise<void>((resolve, reject) => {
      const path = join(this.#options.root, "device-plugins", this.#endpoint);
      this.#server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }
}

/** What the kubelet tells those who ask which container has what. */
export async function podResources<T>(root: string, method: string, request: object = {}): Promise<T> {
  const socket = join(root, "pod-resources", "kubelet.sock");
  const client = await openSocket(socket, podResourcesDescriptor, "v1.PodResourcesLister", systemHost().clock);
  try {
    return await client.call<T>(method, request);
  } finally {
    client.close();
  }
}
