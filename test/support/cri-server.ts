// A container runtime for tests: it speaks the container runtime interface over a real socket, and runs nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { serviceDefinition } from "../../src/grpc/index.ts";
import { descriptor } from "../../src/kubelet/runtime/cri/generated/descriptor.ts";

// biome-ignore lint/suspicious/noExplicitAny: messages are what the descriptor says; tests pick what they look at
type Message = Record<string, any>;

export interface CriServerOptions {
  /** What it says of its handlers; none when left out, as runtimes of before told none. */
  readonly handlers?: readonly { readonly name: string; readonly features: Readonly<Record<string, boolean>> }[];
  /** Who makes its cgroups; it does not tell when left out. */
  readonly cgroupDriver?: "SYSTEMD" | "CGROUPFS";
}

const image = { id: "sha256:1", repoTags: ["docker.io/library/busybox:latest"], repoDigests: [], size: "1" };

export class CriServer {
  /** Requests, oldest first. */
  readonly calls: { readonly method: string; readonly request: Message }[] = [];
  handlers: NonNullable<CriServerOptions["handlers"]>;
  readonly #folder = mkdtempSync(join(tmpdir(), "sampan-cri-"));
  readonly #server = new Server();
  readonly #sandboxes = new Map<string, Message>();
  readonly #containers = new Map<string, Message>();
  readonly #driver: CriServerOptions["cgroupDriver"];
  #count = 0;

  private constructor({ handlers = [], cgroupDriver }: CriServerOptions) {
    this.handlers = handlers;
    this.#driver = cgroupDriver;
  }

  static async start(options: CriServerOptions = {}): Promise<CriServer> {
    const server = new CriServer(options);
    server.#add("runtime.v1.RuntimeService", server.#runtime());
    server.#add("runtime.v1.ImageService", server.#images());
    await new Promise<void>((resolve, reject) => {
      server.#server.bindAsync(server.endpoint, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    return server;
  }

  get endpoint(): string {
    return `unix://${join(this.#folder, "cri.sock")}`;
  }

  requests(method: string): readonly Message[] {
    return this.calls.filter((call) => call.method === method).map(({ request }) => request);
  }

  stop(): void {
    this.#server.forceShutdown();
    rmSync(this.#folder, { recursive: true });
  }

  #runtime(): Record<string, (request: Message) => Message> {
    return {
      Version: () => ({ version: "0.1.0", runtimeName: "tests", runtimeVersion: "1", runtimeApiVersion: "v1" }),
      Status: () => ({
        status: {
          conditions: ["RuntimeReady", "NetworkReady"].map((type) => ({ type, status: true, reason: "", message: "" })),
        },
        runtimeHandlers: this.handlers,
      }),
      UpdateRuntimeConfig: () => ({}),
      ...(this.#driver === undefined ? {} : { RuntimeConfig: () => ({ linux: { cgroupDriver: this.#driver } }) }),
      RunPodSandbox: ({ config }) => {
        const id = `sandbox-${++this.#count}`;
        const { metadata, labels, annotations } = config;
        const network = { ip: `10.1.0.${this.#count}`, additionalIps: [] };
        this.#sandboxes.set(id, { id, metadata, labels, annotations, state: "SANDBOX_READY", createdAt: "1", network });
        return { podSandboxId: id };
      },
      StopPodSandbox: ({ podSandboxId }) => {
        const found = this.#sandboxes.get(podSandboxId);
        if (found !== undefined) found.state = "SANDBOX_NOTREADY";
        return {};
      },
      RemovePodSandbox: ({ podSandboxId }) => {
        this.#sandboxes.delete(podSandboxId);
        for (const [id, container] of this.#containers) {
          if (container.podSandboxId === podSandboxId) this.#containers.delete(id);
        }
        return {};
      },
      PodSandboxStatus: ({ podSandboxId }) => ({ status: this.#sandboxes.get(podSandboxId) }),
      ListPodSandbox: ({ filter }) => ({ items: [...this.#sandboxes.values()].filter((one) => matches(one, filter)) }),
      CreateContainer: ({ podSandboxId, config }) => {
        const id = `container-${++this.#count}`;
        const { metadata, labels, annotations, image: named, logPath } = config;
        const known = { id, podSandboxId, metadata, labels, annotations, image: named, imageRef: image.id, logPath };
        const times = { createdAt: "1000000", startedAt: "0", finishedAt: "0" };
        this.#containers.set(id, { ...known, ...times, state: "CONTAINER_CREATED", mounts: [] });
        return { containerId: id };
      },
      StartContainer: ({ containerId }) => this.#change(containerId, "CONTAINER_RUNNING", { startedAt: "2000000" }),
      StopContainer: ({ containerId }) =>
        this.#change(containerId, "CONTAINER_EXITED", { finishedAt: "3000000", exitCode: 137, reason: "Error" }),
      RemoveContainer: ({ containerId }) => {
        this.#containers.delete(containerId);
        return {};
      },
      ListContainers: ({ filter }) => ({
        containers: [...this.#containers.values()].filter((one) => matches(one, filter)),
      }),
      ContainerStatus: ({ containerId }) => ({ status: this.#containers.get(containerId) }),
      ListContainerStats: () => ({ stats: [] }),
    };
  }

  #images(): Record<string, (request: Message) => Message> {
    return {
      ListImages: () => ({ images: [image] }),
      ImageStatus: () => ({ image }),
      ImageFsInfo: () => ({ imageFilesystems: [] }),
    };
  }

  #change(id: string, state: string, more: Message): Message {
    const found = this.#containers.get(id);
    if (found !== undefined) Object.assign(found, { state, ...more });
    return {};
  }

  #add(name: string, handlers: Record<string, (request: Message) => Message>): void {
    const service = serviceDefinition(JSON.parse(descriptor), name, { int64: "text" });
    const entries = Object.entries(service).map(([method, { responseStream }]) => {
      const handle = (
        call: { request: Message; destroy?(error: object): void },
        done: (...answer: object[]) => void,
      ) => {
        const unimplemented = { code: status.UNIMPLEMENTED, details: `${method} is not there` };
        const handler = handlers[method];
        if (responseStream) call.destroy?.(unimplemented);
        else if (handler === undefined) done(unimplemented);
        else {
          this.calls.push({ method, request: call.request });
          done(null as never, handler(call.request));
        }
      };
      return [method, handle];
    });
    this.#server.addService(service, Object.fromEntries(entries));
  }
}

function matches(one: Message, filter: Message | null): boolean {
  const { id = "", podSandboxId = "", labelSelector = {}, state } = filter ?? {};
  if (id !== "" && one.id !== id) return false;
  if (podSandboxId !== "" && one.podSandboxId !== podSandboxId) return false;
  if (state != null && one.state !== state.state) return false;
  return Object.entries(labelSelector).every(([name, value]) => one.labels[name] === value);
}
