import { ApiError, isApiError, type KubeObject, type ListMeta } from "../api/meta/index.ts";
import { type Host, sleep } from "../host/index.ts";
import type { ListOptions, ResourceReader } from "./client.ts";
import type { WatchEvent, Watching } from "./transport.ts";

/** Receives what a reflector sees: first a whole list, then changes; a list again after every gap. */
export interface ReflectorSink<T> {
  replace(items: readonly T[]): void;
  change(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  /** For logs: the resource. */
  readonly name: string;
  readonly host: Host;
  readonly reader: ResourceReader<T>;
  /** Namespace and selectors. */
  readonly scope: ListOptions;
  readonly sink: ReflectorSink<T>;
}

const firstBackoffMs = 800;
const longestBackoffMs = 30_000;
const quietResetMs = 120_000;
const shortestWatchSeconds = 300;
const quickWatchMs = 1000;

/**
 * Keeps a sink in step with a resource: lists, watches from there, reconnects, and lists again when history is gone. Of a
 * resource that the server does not serve there are no objects: whoever waits for the first list goes on, and it is looked
 * for now and then. What has been listed once stays known while the server does not serve it: it may be starting.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #stopping = new AbortController();
  #backoffMs = firstBackoffMs;
  #lastFailureAt = Number.NEGATIVE_INFINITY;
  #resourceVersion = "";
  /** Watches in a row that ended soon, without any event. */
  #quickEndings = 0;
  #hasListed = false;
  #isUnserved = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  get lastResourceVersion(): string {
    return this.#resourceVersion;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #run(): Promise<void> {
    let listed = false;
    while (!this.#stopping.signal.aborted) {
      try {
        if (!listed) await this.#list();
        listed = true;
        listed = (await this.#watch()) === "continue";
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (historyIsGone(error)) listed = false;
        else if (isUnserved(error) && !this.#hasListed) this.#unserved();
        else this.#log(error);
        await this.#pause(this.#hasListed || !this.#isUnserved ? 0 : longestBackoffMs);
      }
    }
  }

  async #list(): Promise<void> {
    const { reader, scope, sink } = this.#options;
    const items: T[] = [];
    let metadata: ListMeta = {};
    do {
      const continuing = metadata.continue ? { continue: metadata.continue } : {};
      const page = await reader.list({ ...scope, ...continuing, signal: this.#stopping.signal });
      metadata = page.metadata;
      for (const item of page.items) items.push(item);
    } while (metadata.continue);
    if (this.#stopping.signal.aborted) return;
    this.#resourceVersion = metadata.resourceVersion ?? "";
    this.#hasListed = true;
    sink.replace(items);
  }

  #unserved(): void {
    if (this.#isUnserved) return;
    this.#isUnserved = true;
    const { host, name, sink } = this.#options;
    host.log.warn("the server does not serve this resource: there are none of it until it does", { resource: name });
    sink.replace([]);
  }

  /** Resolves when the watch ends: whether the next one may continue where it ended, or history is gone. */
  async #watch(): Promise<"continue" | "relist"> {
    const { host, reader, scope } = this.#options;
    const ended = Promise.withResolvers<"continue" | "relist">();
    const timeoutSeconds = Math.floor(shortestWatchSeconds * (1 + host.random.next()));
    const startedAt = host.clock.now();
    const before = this.#resourceVersion;
    const watching: Watching = await reader.watch(
      {
        ...scope,
        resourceVersion: this.#resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds,
        signal: this.#stopping.signal,
      },
      {
        events: (batch) => {
          for (const event of batch) this.#event(event, ended);
        },
        end: () => ended.resolve("continue"),
      },
    );
    const onStop = () => {
      watching.stop();
      ended.resolve("continue");
    };
    if (this.#stopping.signal.aborted) onStop();
    this.#stopping.signal.addEventListener("abort", onStop, { once: true });
    try {
      const result = await ended.promise;
      const quick = before === this.#resourceVersion && host.clock.now() - startedAt < quickWatchMs;
      this.#quickEndings = quick ? this.#quickEndings + 1 : 0;
      // A server that ends every watch at once must not be asked in a tight loop.
      if (this.#quickEndings > 1 && !this.#stopping.signal.aborted) await this.#pause();
      return result;
    } finally {
      this.#stopping.signal.removeEventListener("abort", onStop);
      watching.stop();
    }
  }

  #event(event: WatchEvent, ended: PromiseWithResolvers<"continue" | "relist">): void {
    if (this.#stopping.signal.aborted) return;
    switch (event.type) {
      case "ERROR": {
        const error = new ApiError(event.status);
        if (historyIsGone(error)) ended.resolve("relist");
        else ended.reject(error);
        return;
      }
      case "BOOKMARK":
        this.#sawVersion(event.object);
        return;
      default:
        this.#sawVersion(event.object);
        // The server sends objects of the resource that is watched.
        this.#options.sink.change(event.type, event.object as T);
    }
  }

  #sawVersion(object: KubeObject): void {
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  async #pause(atLeastMs = 0): Promise<void> {
    const { clock, random } = this.#options.host;
    const now = clock.now();
    if (now - this.#lastFailureAt > quietResetMs) this.#backoffMs = firstBackoffMs;
    this.#lastFailureAt = now;
    const delay = Math.max(this.#backoffMs, atLeastMs) * (1 + random.next());
    this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs);
    // Stopping ends the pause early; the loop then sees that it has to end.
    await sleep(clock, delay, this.#stopping.signal).catch(() => undefined);
  }

  #log(error: unknown): void {
    const { host, name } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    host.log.warn("list or watch failed, trying again", { resource: name, error: message });
  }
}

/** A collection is always there, also an empty one. */
function isUnserved(error: unknown): boolean {
  return isApiError(error) && error.code === 404;
}

function historyIsGone(error: unknown): boolean {
  return isApiError(error) && (error.code === 410 || error.reason === "Expired" || error.reason === "Gone");
}
