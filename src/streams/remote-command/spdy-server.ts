import type { IncomingHttpHeaders } from "node:http";
import type { Duplex, Readable, Writable } from "node:stream";
import { type Clock, sleep } from "../../host/index.ts";
import { acceptSpdy } from "../http-upgrade.ts";
import { SpdyConnection, type SpdyStream } from "../spdy/index.ts";
import type { CommandOutcome, RemoteCommand, StreamOptions } from "./command.ts";
import { outcomeText } from "./outcome.ts";
import { readTerminalSizes } from "./terminal-size.ts";

/** The protocols of remote commands over SPDY, the preferred one first. */
export const commandProtocols = [
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
] as const;

/** How long a client may take to open its streams. */
const streamCreationMs = 30_000;
/** How long the end waits for the client to close its side. */
const closeGraceMs = 10_000;
const resizing: ReadonlySet<string> = new Set(["v3.channel.k8s.io", "v4.channel.k8s.io", "v5.channel.k8s.io"]);

export interface UpgradeConnection {
  readonly headers: IncomingHttpHeaders;
  readonly socket: Duplex;
  /** What was read of the connection after the request. */
  readonly head: Buffer;
}

/**
 * Runs a command with the streams that a SPDY client opens; resolves when it has ended and the connection is closed.
 * @throws UpgradeRefused before anything was answered.
 */
export async function serveSpdyCommand(
  { headers, socket, head }: UpgradeConnection,
  options: StreamOptions,
  run: RemoteCommand,
  clock: Clock,
): Promise<void> {
  const protocol = acceptSpdy(headers, socket, commandProtocols) || "channel.k8s.io";
  const expected = expectedStreams(options, protocol);
  const gathered = gather(expected);
  const connection = new SpdyConnection(socket, { role: "server", onStream: gathered.take }, head);
  const gone = new AbortController();
  void connection.closed.then(() => gone.abort(new Error("the client has gone")));
  const patience = new AbortController();
  const late = sleep(clock, streamCreationMs, AbortSignal.any([gone.signal, patience.signal])).then(
    () => undefined,
    () => undefined,
  );
  const streams = await Promise.race([gathered.all, late]);
  patience.abort();
  if (streams === undefined) {
    connection.destroy(); // the client never opened what it asked for
    return;
  }
  const outcome = await runWith(streams, run, gone.signal);
  await finish(connection, streams, outcomeText(protocol, outcome), clock, gone.signal);
}

function expectedStreams({ stdin, stdout, stderr, tty }: StreamOptions, protocol: string): ReadonlySet<string> {
  const names = ["error"];
  if (stdin) names.push("stdin");
  if (stdout) names.push("stdout");
  if (stderr && !tty) names.push("stderr");
  if (tty && resizing.has(protocol)) names.push("resize");
  return new Set(names);
}

type Streams = ReadonlyMap<string, SpdyStream>;

/** Collects the streams by their type until all that are expected are there. */
function gather(expected: ReadonlySet<string>): { take(stream: SpdyStream): void; readonly all: Promise<Streams> } {
  const streams = new Map<string, SpdyStream>();
  let complete: (streams: Streams) => void;
  const all = new Promise<Streams>((resolve) => {
    complete = resolve;
  });
  const take = (stream: SpdyStream): void => {
    const type = stream.headers.streamtype ?? "";
    if (!expected.has(type) || streams.has(type)) {
      stream.destroy();
      return;
    }
    streams.set(type, stream);
    if (streams.size === expected.size) complete(streams);
  };
  return { take, all };
}

async function runWith(streams: Streams, run: RemoteCommand, signal: AbortSignal): Promise<CommandOutcome> {
  const resize = streams.get("resize");
  const stdin: Readable | undefined = streams.get("stdin");
  const stdout: Writable | undefined = streams.get("stdout");
  const stderr: Writable | undefined = streams.get("stderr");
  const resizes = resize === undefined ? undefined : readTerminalSizes(resize);
  try {
    return await run({ stdin, stdout, stderr, resizes, signal });
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The outcome, then the end of every stream, then of the connection, which the client closes when it has read all. Clients
 * take the word of the connection's end at once, also before what streams still had to say: it comes when they have said it.
 */
async function finish(
  connection: SpdyConnection,
  streams: Streams,
  text: string,
  clock: Clock,
  gone: AbortSignal,
): Promise<void> {
  const ends = [...streams].map(([name, stream]) => {
    stream.resume(); // what the client still sends is of no interest
    return ended(stream, name === "error" ? text : "");
  });
  await Promise.race([Promise.all(ends), connection.closed]);
  const patience = sleep(clock, closeGraceMs, gone).catch(() => undefined);
  await Promise.race([connection.close(), patience]);
  connection.end();
  await connection.closed;
}

function ended(stream: SpdyStream, lastWords: string): Promise<void> {
  return new Promise((resolve) => {
    stream.once("close", resolve);
    stream.end(lastWords, resolve);
  });
}
