import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Host, Timer } from "../../host/index.ts";
import { CompactedError, type Store, type StoreEvent, type Subscription } from "../store.ts";
import { KeyRange } from "./key-range.ts";
import type { KeyValues } from "./key-values.ts";
import type { WatchCreateRequest, WatchRequest } from "./messages.ts";
import { asRefusal } from "./refusal.ts";

/** etcd's: a watcher that asked for it is told how far it is when there was nothing else to tell. */
const progressIntervalMs = 10 * 60_000;
/** Responses of watchers that asked for it are split when their values are larger. */
const fragmentBytesMax = 1_500_000;
/** A client that does not read is cut off. */
const backlogBytesMax = 64 * 1024 * 1024;
/** To whom a progress notification for the whole stream goes. */
const everyWatch = -1;

interface Watcher {
  readonly id: string;
  readonly subscription: Subscription;
  readonly notifiesProgress: boolean;
  isIdle: boolean;
}

type Stream = ServerDuplexStream<WatchRequest, object>;

export interface WatchPorts {
  readonly host: Host;
  readonly store: Store;
  readonly values: KeyValues;
  header(revision?: number): object;
}

/** One Watch call of etcd's API: any number of watchers over one stream. */
export class WatchStream {
  readonly #ports: WatchPorts;
  readonly #stream: Stream;
  readonly #watchers = new Map<string, Watcher>();
  #nextId = 0;
  #timer: Timer | undefined;
  #ended = false;

  constructor(ports: WatchPorts, stream: Stream) {
    this.#ports = ports;
    this.#stream = stream;
    stream.on("data", (request: WatchRequest) => this.#take(request));
    stream.on("end", () => this.close());
    stream.on("error", () => this.#forget());
    stream.on("close", () => this.#forget());
    stream.on("cancelled", () => this.#forget());
    this.#armProgress();
  }

  close(): void {
    if (this.#ended) return;
    this.#forget();
    this.#stream.end();
  }

  #forget(): void {
    this.#ended = true;
    this.#timer?.cancel();
    for (const { subscription } of this.#watchers.values()) subscription.cancel();
    this.#watchers.clear();
  }

  #take({ createRequest, cancelRequest, progressRequest }: WatchRequest): void {
    if (createRequest) this.#create(createRequest);
    else if (cancelRequest) this.#cancel(cancelRequest.watchId);
    else if (progressRequest) this.#send({ watchId: everyWatch });
  }

  #create(request: WatchCreateRequest): void {
    const id = this.#idFor(request);
    if (id === undefined) {
      this.#send({
        watchId: request.watchId,
        created: true,
        canceled: true,
        cancelReason: "mvcc: duplicate watch ID provided on the WatchStream",
      });
      return;
    }
    this.#send({ watchId: id, created: true });
    try {
      this.#follow(id, request);
    } catch (error) {
      if (error instanceof CompactedError) {
        this.#send({ watchId: id, canceled: true, compactRevision: error.compacted });
      } else this.#send({ watchId: id, canceled: true, cancelReason: asRefusal(error).details });
    }
  }

  #follow(id: string, request: WatchCreateRequest): void {
    const { store } = this.#ports;
    // "From the beginning" is how etcd's clients name the whole keyspace: a zero byte.
    const isWhole = request.key.length === 1 && request.key[0] === 0;
    const range = new KeyRange(isWhole ? Buffer.alloc(0) : request.key, request.rangeEnd);
    const after = Number(request.startRevision) > 0 ? Number(request.startRevision) - 1 : store.revision;
    const watcher: { -readonly [Field in keyof Watcher]?: Watcher[Field] } = {};
    const subscription = store.watch(range.prefix, after, {
      events: (batch) => {
        watcher.isIdle = false;
        this.#tell(
          id,
          request,
          batch.filter((event) => range.includes(event.key) && isWanted(event, request)),
        );
      },
      closed: (why) => {
        this.#watchers.delete(id);
        this.#send({ watchId: id, canceled: true, cancelReason: why.message });
      },
    });
    if (this.#ended) subscription.cancel();
    else
      this.#watchers.set(
        id,
        Object.assign(watcher, { id, subscription, notifiesProgress: request.progressNotify, isIdle: true }),
      );
  }

  #tell(id: string, request: WatchCreateRequest, batch: readonly StoreEvent[]): void {
    if (batch.length === 0) return;
    const events = batch.map((event) => this.#event(event, request.prevKv));
    const parts = request.fragment ? fragments(events) : [events];
    for (const [i, part] of parts.entries()) {
      this.#send({ watchId: id, events: part, fragment: i < parts.length - 1 });
    }
  }

  #event({ type, key, revision, entry, previous }: StoreEvent, wantsPrevious: boolean): WatchEvent {
    const { values } = this.#ports;
    const prevKv = wantsPrevious && previous ? values.of(previous) : undefined;
    if (type === "put") return { type: "PUT", kv: values.of(entry), prevKv };
    return { type: "DELETE", kv: { key: Buffer.from(key), modRevision: revision }, prevKv };
  }

  #cancel(id: string): void {
    const watcher = this.#watchers.get(id);
    if (watcher === undefined) return;
    watcher.subscription.cancel();
    this.#watchers.delete(id);
    this.#send({ watchId: id, canceled: true });
  }

  #idFor({ watchId }: WatchCreateRequest): string | undefined {
    if (watchId !== "0") return this.#watchers.has(watchId) ? undefined : watchId;
    while (this.#watchers.has(String(this.#nextId))) this.#nextId++;
    return String(this.#nextId++);
  }

  #armProgress(): void {
    this.#timer = this.#ports.host.clock.setTimer(progressIntervalMs, () => {
      for (const watcher of this.#watchers.values()) {
        if (watcher.notifiesProgress && watcher.isIdle) this.#send({ watchId: watcher.id });
        watcher.isIdle = true;
      }
      this.#armProgress();
    });
  }

  #send(answer: object): void {
    if (this.#ended) return;
    this.#stream.write({ header: this.#ports.header(), ...answer });
    if (this.#stream.writableLength <= backlogBytesMax) return;
    this.#forget();
    const details = "sampan: the watch does not read what it is sent";
    this.#stream.emit("error", { code: status.RESOURCE_EXHAUSTED, details });
  }
}

interface WatchEvent {
  readonly type: "PUT" | "DELETE";
  readonly kv: { readonly key: Buffer; readonly modRevision: number; readonly value?: Buffer };
  readonly prevKv: { readonly value: Buffer } | undefined;
}

function isWanted({ type }: StoreEvent, { filters }: WatchCreateRequest): boolean {
  return !filters.includes(type === "put" ? "NOPUT" : "NODELETE");
}

function fragments(events: readonly WatchEvent[]): WatchEvent[][] {
  const parts: WatchEvent[][] = [];
  let part: WatchEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = (event.kv.value?.length ?? 0) + (event.prevKv?.value.length ?? 0);
    if (part.length > 0 && bytes + size > fragmentBytesMax) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(event);
    bytes += size;
  }
  parts.push(part);
  return parts;
}
