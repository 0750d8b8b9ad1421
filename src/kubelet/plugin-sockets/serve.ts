import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Descriptor } from "../../grpc/index.ts";

export interface ServedService {
  readonly descriptor: Descriptor;
  /** With its package: `v1beta1.Registration`. */
  readonly name: string;
  /** What each method answers; what it throws is told with the code Unknown. */
  readonly methods: Readonly<Record<string, (request: object) => object | Promise<object>>>;
}

export interface SocketServer {
  stop(): void;
}

type Done = (error: { code: number; details: string } | null, response?: object) => void;

/** Listens on a socket of the file system; one that a former process left there is replaced. */
export async function serveSocket(path: string, served: ServedService): Promise<SocketServer> {
  const [grpc, { serviceDefinition }] = await Promise.all([import("@grpc/grpc-js"), import("../../grpc/index.ts")]);
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  await rm(path, { force: true });
  const server = new grpc.Server();
  const handlers = Object.entries(served.methods).map(([name, answer]) => {
    const handle = async ({ request }: { request: object }, done: Done): Promise<void> => {
      try {
        done(null, await answer(request));
      } catch (error) {
        done({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
      }
    };
    return [name, handle];
  });
  server.addService(
    serviceDefinition(served.descriptor, served.name, { int64: "number" }),
    Object.fromEntries(handlers),
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${path}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return { stop: () => server.forceShutdown() };
}
