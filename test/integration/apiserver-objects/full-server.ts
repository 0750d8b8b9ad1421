import { builtinKinds, createKindRegistry } from "../../../src/api/kinds/index.ts";
import { createAdmissionChain, defaultPlugins } from "../../../src/apiserver/admission/index.ts";
import { testHost } from "../../../src/host/index.ts";
import { createMemoryStore } from "../../../src/store/index.ts";
import { startMs, type TestServer, testServer } from "./server.ts";

/** The whole object-level server: admission, allocation and the objects that are there from the start. */
export async function fullServer(): Promise<TestServer> {
  const host = testHost({ start: startMs });
  const store = createMemoryStore(host);
  const kinds = createKindRegistry(builtinKinds());
  return testServer({ host, store, kinds, admission: createAdmissionChain(defaultPlugins(host, store, kinds)) });
}
