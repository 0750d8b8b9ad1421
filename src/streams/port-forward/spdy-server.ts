import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock, Timer } from "../../host/index.ts";
import { acceptSpdy } from "../http-upgrade.ts";
import type { UpgradeConnection } from "../remote-command/spdy-server.ts";
import { SpdyConnection, type SpdyStream } from "../spdy/index.ts";

export const portForwardProtocol = "portforward.k8s.io";

/** How long a client may take between the two streams of one connection. */
const streamCreationMs = 30_000;

export interface PortSource {
  /** A connection to a port of the pod. Rejects when nothing listens there. */
  connect(port: number): Promise<Duplex>;
  /** The pod, as messages name it. */
  readonly name: string;
}

/** The two streams of one forwarded connection. */
interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly timer: Timer;
}

/**
 * Forwards connections that a SPDY client opens, each as a stream for data and one for errors; resolves when the client
 * has gone. @throws UpgradeRefused before anything was answered.
 */
export async function serveSpdyPortForward(
  { headers, socket, head }: UpgradeConnection,
  source: PortSource,
  clock: Clock,
): Promise<void> {
  acceptSpdy(headers, socket, [portForwardProtocol]);
  const pairs = new Map<string, Pair>();
  const onStream = (stream: SpdyStream): void => pairUp(pairs, stream, source, clock);
  await new SpdyConnection(socket, { role: "server", onStream }, head).closed;
  for (const { timer } of pairs.values()) timer.cancel();
}

function pairUp(pairs: Map<string, Pair>, stream: SpdyStream, source: PortSource, clock: Clock): void {
  const { streamtype: type } = stream.headers;
  if ((type !== "data" && type !== "error") || portOf(stream) === undefined) {
    stream.destroy();
    return;
  }
  const id = requestId(stream);
  const pair = pairs.get(id) ?? begin(pairs, id, clock);
  if (pair[type] !== undefined) {
    stream.destroy(); // the pair has one already
    return;
  }
  pair[type] = stream;
  const { data, error } = pair;
  if (data === undefined || error === undefined) return;
  pair.timer.cancel();
  pairs.delete(id);
  void forward(data, error, source);
}

function begin(pairs: Map<string, Pair>, id: string, clock: Clock): Pair {
  const timer = clock.setTimer(streamCreationMs, () => {
    const late = pairs.get(id);
    pairs.delete(id);
    late?.error?.end("timed out waiting for streams");
    late?.data?.destroy();
  });
  const pair: Pair = { timer };
  pairs.set(id, pair);
  return pair;
}

/** Clients that name no request open the error stream right before its data stream. */
function requestId({ headers, id }: SpdyStream): string {
  return headers.requestid ?? String(headers.streamtype === "error" ? id : id - 2);
}

function portOf({ headers }: SpdyStream): number | undefined {
  const port = Number(headers.port);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

async function forward(data: SpdyStream, error: SpdyStream, source: PortSource): Promise<void> {
  const port = portOf(data) ?? 0;
  error.resume();
  try {
    await joinStream(data, await source.connect(port));
    error.end();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    error.end(`error forwarding port ${port} to pod ${source.name}: ${why}`);
  }
  data.resume();
  data.end();
}

/** Passes bytes both ways; resolves when the target has said all, rejects when it broke off. */
export async function joinStream(client: Duplex, target: Duplex): Promise<void> {
  const sent = pipeline(client, target, { end: true });
  sent.catch(() => target.destroy());
  try {
    await pipeline(target, client, { end: true });
  } finally {
    target.destroy();
  }
}
