import { type ApiServer, type ApiServerOptions, createApiServer, type Listener } from "../../../src/apiserver/index.ts";
import { type Host, silentLogger, systemHost } from "../../../src/host/index.ts";
import { createMemoryStore, type Store } from "../../../src/store/index.ts";
import { testCertificates } from "./test-certificates.ts";

/** A running API server over a memory store, with the key material that clients need. */
export interface TestServer {
  readonly host: Host;
  readonly store: Store;
  readonly server: ApiServer;
  readonly listener: Listener;
  readonly certificates: Awaited<ReturnType<typeof testCertificates>>;
  stop(): Promise<void>;
}

export async function startTestServer(options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  const host = { ...systemHost(), log: silentLogger };
  const certificates = await testCertificates(host);
  const store = options.store ?? createMemoryStore(host);
  const server = createApiServer({
    host,
    tls: { cert: certificates.server.cert, key: certificates.server.key, clientCa: certificates.ca },
    serviceAccountKey: certificates.serviceAccountKey,
    ...options,
    store,
    config: { shutdownGraceMs: 500, ...options.config },
  });
  await server.bootstrap();
  const listener = await server.listen({ port: 0, bindAddress: "127.0.0.1" });
  return {
    host,
    store,
    server,
    listener,
    certificates,
    stop: async () => {
      await server.close();
      await store.close();
    },
  };
}
