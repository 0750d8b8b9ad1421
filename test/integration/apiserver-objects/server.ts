import { builtinKinds, createKindRegistry, type KindRegistry } from "../../../src/api/kinds/index.ts";
import { deepFreeze, type JsonValue, type KubeObject } from "../../../src/api/meta/index.ts";
import { type ApiHandlerOptions, createApiHandler } from "../../../src/apiserver/handlers/index.ts";
import type { ApiHandler, ApiRequest, ApiResponse, UserInfo, WatchEvent } from "../../../src/apiserver/index.ts";
import { type TestHost, testHost } from "../../../src/host/index.ts";
import { createMemoryStore, type Store, type Txn } from "../../../src/store/index.ts";

export const admin: UserInfo = { name: "admin", groups: ["system:masters", "system:authenticated"] };

export type Fields = Record<string, unknown>;
export type AnyObject = KubeObject & { spec?: Fields; status?: Fields; data?: Record<string, string> };

/** An API server over a memory store, with the few calls that tests make all the time. */
export interface TestServer {
  readonly host: TestHost;
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly handler: ApiHandler;
  request(request: Partial<ApiRequest> & Pick<ApiRequest, "verb" | "resource">): Promise<ApiResponse>;
  /** As request, for answers that are one object. */
  object(request: Partial<ApiRequest> & Pick<ApiRequest, "verb" | "resource">): Promise<AnyObject>;
  items(request: Partial<ApiRequest> & Pick<ApiRequest, "resource">): Promise<AnyObject[]>;
  watch(request: Partial<ApiRequest> & Pick<ApiRequest, "resource">): Promise<Recording>;
}

export interface Recording {
  readonly events: WatchEvent[];
  readonly ended: boolean;
  stop(): void;
}

/** Not at the start of a year: the recorded examples have times of their own there. */
export const startMs = Date.UTC(2026, 5, 1);

const fill = (request: Partial<ApiRequest>): Omit<ApiRequest, "verb" | "resource"> => ({
  group: "",
  version: "v1",
  options: {},
  user: admin,
  ...request,
});

export function testServer(options: Partial<Omit<ApiHandlerOptions, "host">> & { host?: TestHost } = {}): TestServer {
  const host = options.host ?? testHost({ start: startMs });
  const store = frozen(options.store ?? createMemoryStore(host));
  const kinds = options.kinds ?? createKindRegistry(builtinKinds());
  const handler = createApiHandler({ ...options, host, store, kinds });
  return withHandler({ host, store, kinds, handler });
}

/** Whoever changes a stored object is told by an exception. */
function frozen(store: Store): Store {
  return new Proxy(store, {
    get(target, property) {
      if (property !== "commit") {
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return (txn: Txn) => {
        return target.commit(txn).then((result) => {
          if (result.committed) for (const entry of result.entries) deepFreeze(entry.object);
          return result;
        });
      };
    },
  });
}

export function withHandler(parts: Pick<TestServer, "host" | "store" | "kinds" | "handler">): TestServer {
  const { handler } = parts;
  const request: TestServer["request"] = (partial) => {
    const whole = { ...fill(partial), verb: partial.verb, resource: partial.resource };
    return handler.handle(whole.body === undefined ? whole : { ...whole, body: structuredClone(whole.body) });
  };
  return {
    ...parts,
    request,
    async object(partial) {
      const answer = await request(partial);
      if (answer.kind !== "object") throw new Error(`the answer is a ${answer.kind}`);
      return answer.object as AnyObject;
    },
    async items(partial) {
      const answer = await request({ ...partial, verb: "list" });
      if (answer.kind !== "list") throw new Error(`the answer is a ${answer.kind}`);
      return answer.items.map((item) => item.object as AnyObject);
    },
    async watch(partial) {
      const recording = { events: [] as WatchEvent[], ended: false, stop: () => {} };
      const whole = { ...fill(partial), verb: "watch" as const, resource: partial.resource };
      const watching = await handler.watch(whole, {
        events: (batch) => void recording.events.push(...batch),
        end: () => {
          recording.ended = true;
        },
      });
      recording.stop = () => watching.stop();
      return recording;
    },
  };
}

export function configMap(name: string, data: Record<string, string> = {}, metadata: Fields = {}): JsonValue {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata } as { [key: string]: JsonValue }, data };
}
