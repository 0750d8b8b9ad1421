// An API server that only acknowledges: it keeps the objects that a scheduler reads and writes in memory, and tells its
// watches what changed. What remains to be measured is the scheduler.
import { setImmediate } from "node:timers";
import type { KubeObject } from "../../src/api/meta/index.ts";
import { errors, keyString } from "../../src/api/meta/index.ts";
import type { Pod } from "../../src/api/types/index.ts";
import type { ClientRequest, ClientResponse, Transport, WatchEvent, WatchEventSink } from "../../src/client/index.ts";

interface Watch {
  readonly resource: string;
  readonly sink: WatchEventSink;
  waiting: WatchEvent[];
}

export class MemoryApi implements Transport {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #watches = new Set<Watch>();
  #revision = 1;
  #flushes = false;
  /** Called with every pod that was bound. */
  onBound: (key: string, node: string) => void = () => {};
  onDeleted: (key: string) => void = () => {};

  #onWatch: () => void = () => {};

  /** Resolves once somebody has listed the resource and watches it: it knows no history, what comes before is not seen. */
  async whenWatched(resource: string): Promise<void> {
    while (![...this.#watches].some((watch) => watch.resource === resource)) {
      await new Promise<void>((resolve) => {
        this.#onWatch = resolve;
      });
    }
  }

  add(resource: string, object: KubeObject): void {
    this.#put(resource, object, "ADDED");
  }

  async request(request: ClientRequest): Promise<ClientResponse> {
    const { verb, resource, subresource, namespace, name = "" } = request;
    const objects = this.#of(resource);
    if (verb === "list") {
      return { kind: "list", metadata: { resourceVersion: String(this.#revision) }, items: [...objects.values()] };
    }
    const key = keyString({ namespace, name });
    const known = objects.get(key);
    if (verb === "create" && subresource === "binding") {
      this.#bind(key, request.body as { target: { name: string } });
      return {
        kind: "status",
        status: { apiVersion: "v1", kind: "Status", status: "Success", code: 201, metadata: {} },
      };
    }
    if (resource === "events") return { kind: "object", object: request.body as KubeObject };
    if (verb === "create") {
      const object = request.body as KubeObject;
      this.add(resource, object);
      return { kind: "object", object };
    }
    if (known === undefined) throw errors.notFound({ group: request.group, resource }, name);
    if (verb === "patch") this.#patchStatus(resource, known as Pod, request.body as Pod);
    if (verb === "delete") {
      objects.delete(key);
      this.#tell(resource, { type: "DELETED", object: this.#stamped(known) });
      this.onDeleted(key);
    }
    return { kind: "object", object: objects.get(key) ?? known };
  }

  async watch({ resource }: ClientRequest, sink: WatchEventSink): Promise<{ stop(): void }> {
    const watch: Watch = { resource, sink, waiting: [] };
    this.#watches.add(watch);
    this.#onWatch();
    return { stop: () => this.#watches.delete(watch) };
  }

  #of(resource: string): Map<string, KubeObject> {
    const found = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    this.#objects.set(resource, found);
    return found;
  }

  #bind(key: string, { target }: { target: { name: string } }): void {
    const pod = this.#of("pods").get(key) as Pod | undefined;
    if (pod === undefined) throw errors.notFound({ group: "", resource: "pods" }, key);
    if (pod.spec?.nodeName) throw new Error(`${key} is bound already`);
    const { spec = { containers: [] } } = pod;
    this.#put("pods", { ...pod, spec: { ...spec, nodeName: target.name } } as KubeObject, "MODIFIED");
    this.onBound(key, target.name);
  }

  #patchStatus(resource: string, pod: Pod, { status }: Pod): void {
    this.#put(resource, { ...pod, status: { ...pod.status, ...status } } as KubeObject, "MODIFIED");
  }

  #stamped<T extends KubeObject>(object: T): T {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } };
  }

  #put(resource: string, object: KubeObject, type: "ADDED" | "MODIFIED"): void {
    const { namespace, name = "" } = object.metadata;
    const stamped = this.#stamped(object);
    this.#of(resource).set(keyString({ namespace, name }), stamped);
    this.#tell(resource, { type, object: stamped });
  }

  /** Watches get what changed once the present turn is over, as over a connection. */
  #tell(resource: string, event: WatchEvent): void {
    for (const watch of this.#watches) if (watch.resource === resource) watch.waiting.push(event);
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(() => {
      this.#flushes = false;
      for (const watch of this.#watches) {
        if (watch.waiting.length === 0) continue;
        const batch = watch.waiting;
        watch.waiting = [];
        watch.sink.events(batch);
      }
    });
  }
}
