import { formatApiVersion, type KubeObject, statusOf } from "../../api/meta/index.ts";
import type { WatchEvent, WatchEventSink, Watching } from "../request.ts";
import { Chunk } from "./chunk.ts";
import { encodeProtobuf, encodeProtobufEvent } from "./codecs.ts";
import type { AnswerStream, Exchange } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import { mediaTypes } from "./negotiate.ts";
import type { AnswerContext } from "./respond.ts";
import { partialMetadataJson, TableWriter } from "./table.ts";

/** A watcher that lets this much pile up is cut off: it lists again, which is cheaper than what it has missed. */
export const watchBacklogBytesMax = 16 * 1024 * 1024;

type Frame = Buffer | string;
/** Turns an event into what is sent for it. */
type FrameWriter = (event: WatchEvent) => Frame;

/** Frames of stored versions, shared by all watchers of a format: each is encoded once. */
class SharedFrames {
  readonly #frames = new WeakMap<KubeObject, Map<string, Buffer>>();

  get(object: KubeObject, type: string, encode: () => Buffer): Buffer {
    let byType = this.#frames.get(object);
    if (byType === undefined) {
      byType = new Map();
      this.#frames.set(object, byType);
    }
    let frame = byType.get(type);
    if (frame === undefined) {
      frame = encode();
      byType.set(type, frame);
    }
    return frame;
  }
}

const jsonFrames = new SharedFrames();
const protobufFrames = new SharedFrames();
const metadataFrames = new SharedFrames();
const frameEnd = Buffer.from("}\n");

function jsonFrame(event: WatchEvent): Frame {
  if (event.type === "ERROR") return errorFrame(event);
  if (event.type === "BOOKMARK") return `{"type":"BOOKMARK","object":${JSON.stringify(event.object)}}\n`;
  const { object, entry, type } = event;
  return jsonFrames.get(object, type, () => {
    const head = Buffer.from(`{"type":"${type}","object":`);
    return Buffer.concat([head, entry?.json() ?? Buffer.from(JSON.stringify(object)), frameEnd]);
  });
}

function errorFrame(event: Extract<WatchEvent, { type: "ERROR" }>): string {
  return `{"type":"ERROR","object":${JSON.stringify(event.status)}}\n`;
}

function metadataFrame(event: WatchEvent): Frame {
  if (event.type === "ERROR") return errorFrame(event);
  return metadataFrames.get(event.object, event.type, () =>
    Buffer.from(`{"type":"${event.type}","object":${partialMetadataJson(event.object)}}\n`),
  );
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

function protobufFrame(event: WatchEvent): Buffer {
  if (event.type === "ERROR") return encodeProtobufEvent(event.type, encodeProtobuf(event.status));
  const encode = (): Buffer => encodeProtobufEvent(event.type, encodeProtobuf(event.object));
  return event.type === "BOOKMARK" ? encode() : protobufFrames.get(event.object, event.type, encode);
}

function frameWriter(context: AnswerContext, now: () => number): FrameWriter {
  const { format, as } = context.form;
  if (as?.kind === "Table") return tableFrames(context, formatApiVersion(as), now);
  if (as !== undefined) return metadataFrame;
  return format === "protobuf" ? protobufFrame : jsonFrame;
}

function contentType(context: AnswerContext): string {
  const type = mediaTypes[context.form.format];
  return context.form.format === "json" ? type : `${type};stream=watch`;
}

/** Sends a watch's events to one HTTP client. The answer begins with `accept`, or with the first event. */
export class WatchStream implements WatchEventSink {
  readonly #context: AnswerContext;
  readonly #exchange: Exchange;
  readonly #frame: FrameWriter;
  readonly #onSent: (events: number) => void;
  #stream: AnswerStream | undefined;
  #watching: Watching | undefined;
  #ended = false;

  constructor(context: AnswerContext, now: () => number, onSent: (events: number) => void) {
    this.#context = context;
    this.#exchange = context.exchange;
    this.#frame = frameWriter(context, now);
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
    if (stream.backlog() > watchBacklogBytesMax) {
      this.#cutOff(stream);
      return;
    }
    try {
      stream.write(this.#join(batch));
    } catch (error) {
      // An object that has no such form: this watcher is told, the others go on.
      stream.write(this.#frame({ type: "ERROR", status: statusOf(error) }));
      this.#ended = true;
      stream.end();
      this.#watching?.stop();
      return;
    }
    this.#onSent(batch.length);
  }

  backlog(): number {
    return this.#stream?.backlog() ?? 0;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const stream = this.#open();
    // Who does not read would not read the end either.
    if (stream.backlog() > watchBacklogBytesMax) stream.destroy();
    else stream.end();
  }

  #join(batch: readonly WatchEvent[]): Frame {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) return this.#frame(only);
    return Buffer.concat(batch.map((event) => asBytes(this.#frame(event))));
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

function asBytes(frame: Frame): Buffer {
  return typeof frame === "string" ? Buffer.from(frame) : frame;
}
