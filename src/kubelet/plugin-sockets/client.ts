import type { Descriptor } from "../../grpc/index.ts";
import type { Clock } from "../../host/index.ts";

/** Calls of one service behind a socket. */
export interface SocketClient {
  /** @throws Error `rpc error: code = ... desc = ...` */
  call<T = object>(method: string, request: object): Promise<T>;
  /** Hears what a call that goes on has to say, until it ends, however it does. */
  listen<T = object>(method: string, request: object, heard: (message: T) => void, ended: () => void): void;
  close(): void;
}

/** The original's patience with drivers. */
const callTimeoutMs = 120_000;

type UnaryCall = (
  request: object,
  options: { deadline: number },
  done: (error: { code: number; details: string } | null, response: object) => void,
) => void;

interface StreamCall {
  on(event: "data", sink: (message: object) => void): void;
  on(event: "error" | "end", sink: () => void): void;
}

/** Nothing is connected before the first call. */
export async function openSocket(
  path: string,
  descriptor: Descriptor,
  service: string,
  clock: Clock,
): Promise<SocketClient> {
  // gRPC costs a start a tenth of a second: only nodes with drivers load it.
  const [grpc, { serviceDefinition }] = await Promise.all([import("@grpc/grpc-js"), import("../../grpc/index.ts")]);
  const Client = grpc.makeGenericClientConstructor(
    serviceDefinition(descriptor, service, { int64: "number" }),
    service,
  );
  const client = new Client(`unix://${path}`, grpc.credentials.createInsecure(), {
    "grpc.default_authority": "localhost",
    "grpc.use_local_subchannel_pool": 1,
  });
  return {
    call<T>(method: string, request: object): Promise<T> {
      return new Promise((resolve, reject) => {
        const call = Reflect.get(client, method) as UnaryCall;
        call.call(client, request, { deadline: clock.now() + callTimeoutMs }, (error, response) => {
          if (error === null) resolve(response as T);
          else reject(new Error(`rpc error: code = ${codeName(grpc.status[error.code])} desc = ${error.details}`));
        });
      });
    },
    listen<T>(method: string, request: object, heard: (message: T) => void, ended: () => void): void {
      const start = Reflect.get(client, method) as (request: object) => StreamCall;
      const stream = start.call(client, request);
      let isOver = false;
      const over = () => {
        if (!isOver) ended();
        isOver = true;
      };
      stream.on("data", (message) => heard(message as T));
      stream.on("error", over);
      stream.on("end", over);
    },
    close: () => client.close(),
  };
}

/** NOT_FOUND is NotFound. */
function codeName(name: string | undefined): string {
  return (name ?? "UNKNOWN").toLowerCase().replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}
