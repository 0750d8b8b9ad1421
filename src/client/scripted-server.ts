import { type KubeObject, keyOf, keyString } from "../api/meta/index.ts";
import type { ApiHandler, ApiRequest, ApiResponse, WatchEventSink } from "../apiserver/index.ts";

/** For tests of the client's protocol only: lists what it is told, records what it is asked, and lets the test drive watches. */
export class ScriptedServer implements ApiHandler {
  readonly requests: ApiRequest[] = [];
  readonly watches: { request: ApiRequest; sink: WatchEventSink; stopped: boolean }[] = [];
  items: KubeObject[] = [];
  revision = 1;
  /** Thrown by the next request. */
  failures: Error[] = [];

  async handle(request: ApiRequest): Promise<ApiResponse> {
    this.requests.push(request);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    if (request.verb === "list") {
      const items = this.items.map((object) => ({ object }));
      return {
        kind: "list",
        apiVersion: "v1",
        listKind: "List",
        metadata: { resourceVersion: String(this.revision) },
        items,
      };
    }
    if (request.verb === "get") {
      const wanted = keyString({ namespace: request.namespace, name: request.name ?? "" });
      const object = this.items.find((item) => keyString(keyOf(item)) === wanted);
      if (object !== undefined) return { kind: "object", code: 200, object };
    }
    return { kind: "object", code: 200, object: request.body as unknown as KubeObject };
  }

  async watch(request: ApiRequest, sink: WatchEventSink): Promise<{ stop(): void }> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const watch = { request, sink, stopped: false };
    this.watches.push(watch);
    return {
      stop: () => {
        watch.stopped = true;
      },
    };
  }

  get lastWatch() {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error("nothing is watched");
    return watch;
  }
}

export function configMap(
  name: string,
  resourceVersion: string,
  more: Partial<KubeObject["metadata"]> = {},
): KubeObject {
  const metadata = { namespace: "default", name, uid: `uid-${name}`, resourceVersion, ...more };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}
