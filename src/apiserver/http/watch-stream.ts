import { errors, formatApiVersion, type KubeObject, statusOf } from "../../api/meta/index.ts";
import type { WatchEvent, WatchEventSink, Watching } from "../request.ts";
import { Chunk } from "./chunk.ts";
import { encodeProtobuf, encodeProtobufEvent } from "./codecs.ts";
import type { AnswerStream, Exchange } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import { type Format, mediaTypes, streamMediaTypes } from "./negotiate.ts";
import type { AnswerContext } from "./respond.ts";
import { partialMetadataJson, TableWriter } from "./table.ts";
import type { Paced, WatchPace } from "./watch-pace.ts";

/** A watcher that lets this much pile up is cut off: it lists again, which is cheaper than what it has missed. */
export const watchBacklogBytesMax = 16 * 1024 * 1024;
/** More than this is sent at once. */
const heldBytesMax = 256 * 1024;

type Frame = Chunk | string;
/** Turns an event into what is sent for it. */
type FrameWriter = (event: WatchEvent) => Frame;

/** How many bytes of frames are kept for further watchers; they are asked for one right after the other. */
const sharedBytesMax = 4 * 1024 * 1024;

/** Frames of stored versions, shared by all watchers of a format: each is encoded once. The oldest are forgotten first. */
class SharedFrames {
  readonly #frames = new Map<KubeObject, { readonly type: string; readonly frame: Chunk }>();
  #bytes = 0;
  /** Watchers ask one after the other for the same. */
  #lastObject: KubeObject | undefined;
  #lastType = "";
  #lastFrame: Chunk | undefined;

  get(object: KubeObject, type: string, encode: () => Chunk): Chunk {
    if (object === this.#lastObject && type === this.#lastType && this.#lastFrame !== undefined) return this.#lastFrame;
    const frame = this.#find(object, type, encode);
    this.#lastObject = object;
    this.#lastType = type;
    this.#lastFrame = frame;
    return frame;
  }

  #find(object: KubeObject, type: string, encode: () => Chunk): Chunk {
    const known = this.#frames.get(object);
    if (known?.type === type) return known.frame;
    const frame = encode();
    this.#bytes += frame.length - (known?.frame.length ?? 0);
    this.#frames.set(object, { type, frame });
    for (const [oldest, { frame }] of this.#frames) {
      if (this.#bytes <= sharedBytesMax) break;
      this.#frames.delete(oldest);
      this.#bytes -= frame.length;
    }
    return frame;
  }
}

const jsonFrames = new SharedFrames();
const protobufFrames = new SharedFrames();
const metadataFrames = new Map<string, SharedFrames>();
const frameEnd = Buffer.from("}\n");

function jsonFrame(event: WatchEvent): Frame {
  if (event.type === "ERROR") return errorFrame(event);
  if (event.type === "BOOKMARK") return `{"type":"BOOKMARK","object":${JSON.stringify(event.object)}}\n`;
  const { object, entry, type } = event;
  return jsonFrames.get(object, type, () => {
    const head = Buffer.from(`{"type":"${type}","object":`);
    return Chunk.of(head, entry?.json() ?? Buffer.from(JSON.stringify(object)), frameEnd);
  });
}

function errorFrame(event: Extract<WatchEvent, { type: "ERROR" }>): string {
  return `{"type":"ERROR","object":${JSON.stringify(event.status)}}\n`;
}

/** Events of metadata alone, in the version of it that is asked for. */
function metadataFrame(format: Format, apiVersion: string): FrameWriter {
  const name = `${format} ${apiVersion}`;
  const frames = metadataFrames.get(name) ?? new SharedFrames();
  metadataFrames.set(name, frames);
  const isProtobuf = format === "protobuf";
  return (event) => {
    if (event.type === "ERROR") return isProtobuf ? protobufFrame(event) : errorFrame(event);
    const { object, type } = event;
    return frames.get(object, type, () => {
      const text = partialMetadataJson(object, apiVersion);
      if (!isProtobuf) return Chunk.of(Buffer.from(`{"type":"${type}","object":${text}}\n`));
      return Chunk.of(encodeProtobufEvent(type, encodeProtobuf(JSON.parse(text), false)));
    });
  };
}

/** Ages change, so rows are written anew for each watcher and event. */
function tableFrames(context: AnswerContext, apiVersion: string, now: () => number): FrameWriter {
  let first = true;
  return (event) => {
    if (event.type === "ERROR") return errorFrame(event);
    const table = new TableWriter(context.kind, context.includeObject, now(), apiVersion);
    const { resourceVersion } = event.object.metadata;
    const head = table.head(resourceVersion === undefined ? {} : { resourceVersion }, first);
    const row = event.type === "BOOKMARK" ? table.emptyRow(event.object) : table.row(event.object);
    first = false;
    return `{"type":"${event.type}","object":${head}${row}${table.tail}}\n`;
  };
}

function protobufFrame(event: WatchEvent): Chunk {
  if (event.type === "ERROR") return Chunk.of(encodeProtobufEvent(event.type, encodeProtobuf(event.status, false)));
  const { type, object } = event;
  const isKept = type !== "BOOKMARK";
  const encode = (): Chunk => Chunk.of(encodeProtobufEvent(type, encodeProtobuf(object, isKept)));
  return isKept ? protobufFrames.get(object, type, encode) : encode();
}

function frameWriter(context: AnswerContext, now: () => number): FrameWriter {
  const { format, as } = context.form;
  if (as?.kind === "Table") {
    if (format === "protobuf") throw errors.onlyAcceptable(streamMediaTypes.slice(0, 1)); // tables have no such form
    return tableFrames(context, formatApiVersion(as), now);
  }
  if (as !== undefined) return metadataFrame(format, formatApiVersion(as));
  return format === "protobuf" ? protobufFrame : jsonFrame;
}

function contentType(context: AnswerContext): string {
  const type = mediaTypes[context.form.format];
  return context.form.format === "json" ? type : `${type};stream=watch`;
}

/** Sends a watch's events to one HTTP client. The answer begins with `accept`, or with the first event. */
export class WatchStream implements WatchEventSink, Paced {
  readonly #context: AnswerContext;
  readonly #exchange: Exchange;
  readonly #frame: FrameWriter;
  readonly #onSent: (events: number) => void;
  readonly #pace: WatchPace;
  #held: Frame[] = [];
  #heldBytes = 0;
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  #stream: AnswerStream | undefined;
  #watching: Watching | undefined;
  #ended = false;

  constructor(context: AnswerContext, pace: WatchPace, onSent: (events: number) => void) {
    this.#context = context;
    this.#exchange = context.exchange;
    this.#pace = pace;
    this.#frame = frameWriter(context, () => pace.now());
    this.#onSent = onSent;
  }

  /** The server has accepted the watch: the client sees the headers now, the first event may be hours away. */
  accept(watching: Watching): void {
    this.#watching = watching;
    this.#open();
    if (this.#ended || this.#exchange.connection.destroyed) watching.stop();
    else this.#exchange.onFinished(() => watching.stop());
  }

  events(batch: readonly WatchEvent[]): void {
    if (this.#ended) return;
    const stream = this.#open();
    if (stream.lost) return;
    if (this.backlog() > watchBacklogBytesMax) {
      this.#cutOff(stream);
      return;
    }
    const waits = this.#held.length > 0;
    try {
      for (const event of batch) this.#hold(this.#frame(event));
    } catch (error) {
      // An object that has no such form: this watcher is told, the others go on.
      this.#hold(this.#frame({ type: "ERROR", status: statusOf(error) }));
      this.end();
      this.#watching?.stop();
      return;
    }
    this.#onSent(batch.length);
    if (this.#heldBytes > heldBytesMax || this.#pace.isDue(this.#flushedAtMs)) this.flush();
    else if (!waits) this.#pace.later(this);
  }

  /** Sends what is held back. */
  flush(): void {
    const [first] = this.#held;
    if (first === undefined || this.#stream === undefined) return;
    const frame = this.#held.length === 1 ? first : joined(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#flushedAtMs = this.#pace.now();
    this.#stream.write(frame);
  }

  backlog(): number {
    return this.#heldBytes + (this.#stream?.backlog() ?? 0);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const stream = this.#open();
    // Who does not read would not read the end either.
    if (stream.backlog() > watchBacklogBytesMax) {
      stream.destroy();
      return;
    }
    this.flush();
    stream.end();
  }

  #hold(frame: Frame): void {
    this.#held.push(frame);
    this.#heldBytes += frame.length;
  }

  #open(): AnswerStream {
    if (this.#stream === undefined) {
      const headers = answerHeaders(contentType(this.#context), this.#context.auditId);
      this.#stream = this.#exchange.open(200, headers);
    }
    return this.#stream;
  }

  #cutOff(stream: AnswerStream): void {
    this.#ended = true;
    stream.destroy();
    this.#watching?.stop();
  }
}

/** The last frames that were joined: watchers of the same objects get the same ones, one after the other. */
let lastJoin: { readonly frames: readonly Frame[]; readonly chunk: Chunk } | undefined;

function joined(frames: readonly Frame[]): Chunk {
  if (lastJoin !== undefined && isSame(lastJoin.frames, frames)) return lastJoin.chunk;
  const chunk = Chunk.of(...frames.map((frame) => (typeof frame === "string" ? Buffer.from(frame) : frame.payload)));
  if (chunk.length <= heldBytesMax) lastJoin = { frames, chunk };
  return chunk;
}

function isSame(a: readonly Frame[], b: readonly Frame[]): boolean {
  return a.length === b.length && a.every((frame, i) => frame === b[i]);
}
