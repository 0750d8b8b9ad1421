import type { Client, ClientReadableStream, MethodDefinition, ServiceError } from "@grpc/grpc-js";
import { serviceDefinition, whyUnreachable } from "../../../grpc/index.ts";
import type { Clock } from "../../../host/index.ts";
import { RuntimeError, type RuntimeErrorCode } from "../runtime.ts";
import { descriptor } from "./generated/descriptor.ts";
import { knownItems } from "./known-items.ts";

/** A message as decoded: 64-bit integers are decimal text, unset messages are null. */
// biome-ignore lint/suspicious/noExplicitAny: what a field is, only the descriptor knows; from-cri.ts makes typed values of it
export type Message = Record<string, any>;

export interface CallOptions {
  /** Undefined for as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal;
}

/** How long a call may take unless it says otherwise: the original's --runtime-request-timeout. */
export const requestTimeoutMs = 120_000;
const longestMessageBytes = 16 * 1024 * 1024;
/** Lists that are asked for all the time, and their field. */
const repeatedLists = [
  ["ListPodSandbox", "items"],
  ["ListContainers", "containers"],
] as const;
/** Between tries to reach a runtime that is away. */
const backoffMs = { initial: 100, longest: 3000 };

type UnaryCall = (
  request: object,
  options: { deadline?: number },
  done: (error: ServiceError | null, response: Message) => void,
) => { cancel(): void };
type StreamCall = (request: object) => ClientReadableStream<Message>;

/** One connection to a container runtime's socket, made anew whenever it was lost. */
export class CriConnection {
  readonly #target: string;
  readonly #clock: Clock;
  readonly #clients: readonly Client[];
  readonly #codes: ReadonlyMap<number, string>;
  #closed = false;

  private constructor(target: string, clock: Clock, clients: readonly Client[], codes: ReadonlyMap<number, string>) {
    this.#target = target;
    this.#clock = clock;
    this.#clients = clients;
    this.#codes = codes;
  }

  /** @param endpoint `unix:///run/containerd/containerd.sock` or a path. Nothing is connected before the first call. */
  static async open(endpoint: string, clock: Clock): Promise<CriConnection> {
    const grpc = await import("@grpc/grpc-js");
    const target = endpoint.startsWith("/") ? `unix://${endpoint}` : endpoint;
    const parsed = JSON.parse(descriptor);
    const channelOptions = {
      "grpc.max_receive_message_length": longestMessageBytes,
      "grpc.initial_reconnect_backoff_ms": backoffMs.initial,
      "grpc.max_reconnect_backoff_ms": backoffMs.longest,
      "grpc.default_authority": "localhost",
      // A runtime may be asked through many clients of one process: each has its own connection.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
    };
    const clients = ["runtime.v1.RuntimeService", "runtime.v1.ImageService"].map((name) => {
      const methods: Record<string, MethodDefinition<object, object>> = {
        ...serviceDefinition(parsed, name, { int64: "text" }),
      };
      for (const [method, field] of repeatedLists) {
        const definition = methods[method];
        if (definition === undefined) continue;
        methods[method] = { ...definition, responseDeserialize: knownItems(definition.responseDeserialize, field) };
      }
      const Service = grpc.makeGenericClientConstructor(methods, name);
      return new Service(target, grpc.credentials.createInsecure(), channelOptions);
    });
    const codes = new Map(
      Object.entries(grpc.status).flatMap(([name, code]) => (typeof code === "number" ? [[code, name] as const] : [])),
    );
    return new CriConnection(target, clock, clients, codes);
  }

  /** @throws RuntimeError */
  call(method: string, request: object, { timeoutMs, signal }: CallOptions): Promise<Message> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const options = timeoutMs === undefined ? {} : { deadline: this.#clock.now() + timeoutMs };
      const onAbort = () => running.cancel();
      if (this.#closed) {
        reject(new RuntimeError("Unavailable", "the connection to the container runtime was closed"));
        return;
      }
      const running = this.#method<UnaryCall>(method)(request, options, (error, response) => {
        signal?.removeEventListener("abort", onAbort);
        if (error === null) resolve(response);
        else reject(signal?.aborted ? signal.reason : this.#runtimeError(error));
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Opens a stream of answers; `end` is told once why it ended. */
  stream(method: string, sink: { message(message: Message): void; end(error: RuntimeError): void }): { stop(): void } {
    const running = this.#method<StreamCall>(method)({});
    let over = false;
    const end = (error: RuntimeError) => {
      if (!over) sink.end(error);
      over = true;
    };
    running.on("data", (message: Message) => sink.message(message));
    running.on("error", (error: ServiceError) => end(this.#runtimeError(error)));
    running.on("end", () => end(new RuntimeError("Unavailable", "the runtime ended the stream of its events")));
    return {
      stop: () => {
        over = true;
        running.cancel();
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  #method<T>(name: string): T {
    for (const client of this.#clients) {
      const method: unknown = Reflect.get(client, name);
      if (typeof method === "function") return method.bind(client) as T;
    }
    throw new Error(`the container runtime interface has no ${name}`);
  }

  #runtimeError(error: ServiceError): RuntimeError {
    const details = error.details || error.message;
    const why = whyUnreachable(details);
    const message = why === undefined ? details : `cannot reach the container runtime at ${this.#target}: ${why}`;
    return new RuntimeError(asCode(this.#codes.get(error.code)), message, { cause: error });
  }
}

/** NOT_FOUND is NotFound. */
function asCode(name: string | undefined): RuntimeErrorCode {
  const code = (name ?? "UNKNOWN")
    .toLowerCase()
    .replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return knownCodes.find((known) => known === (code === "Cancelled" ? "Canceled" : code)) ?? "Unknown";
}

const knownCodes: readonly RuntimeErrorCode[] = [
  "NotFound",
  "InvalidArgument",
  "DeadlineExceeded",
  "Unavailable",
  "Canceled",
  "AlreadyExists",
  "FailedPrecondition",
  "PermissionDenied",
  "Unauthenticated",
  "ResourceExhausted",
  "Unimplemented",
  "Internal",
  "Unknown",
];
