import { builtinKinds, createKindRegistry } from "../../../src/api/kinds/index.ts";
import { createAdmissionChain, defaultPlugins } from "../../../src/apiserver/admission/index.ts";
import { serviceCompanions } from "../../../src/apiserver/allocation/index.ts";
import { bootstrapCluster } from "../../../src/apiserver/bootstrap/index.ts";
import { type TestHost, testHost } from "../../../src/host/index.ts";
import { createMemoryStore, type Store } from "../../../src/store/index.ts";
import { startMs, type TestServer, testServer } from "./server.ts";

/** The whole object-level server: admission, allocation and the objects that are there from the start. */
export async function fullServer(options: { host?: TestHost; store?: Store } = {}): Promise<TestServer> {
  const host = options.host ?? testHost({ start: startMs });
  const store = options.store ?? createMemoryStore(host);
  const kinds = createKindRegistry(builtinKinds());
  const admission = createAdmissionChain(defaultPlugins(host, store, kinds));
  const server = testServer({ host, store, kinds, admission, companions: serviceCompanions({ host, store, kinds }) });
  await bootstrapCluster({ host, handler: server.handler, advertised: { address: "192.0.2.1", port: 6443 } });
  return server;
}
