import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type Clock, sleep } from "../../host/index.ts";
import { acceptWebSocket } from "../websocket/accept.ts";
import { WebSocketChannels } from "../websocket/channels.ts";
import type { CommandOutcome, CommandStreams, RemoteCommand, StreamOptions } from "./command.ts";
import { outcomeText } from "./outcome.ts";
import { readTerminalSizes } from "./terminal-size.ts";

/** Of remote commands over WebSocket; "" is for clients that name none. */
export const commandChannelProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
  "",
] as const;

/** The protocol whose client can close its input: the API server answers it itself. */
export const streamCloseProtocol = "v5.channel.k8s.io";

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
/** A client that neither reads to the end nor closes for this long is cut off, as the original does. */
const finishMs = 15 * 60 * 1000;

/**
 * Runs a command with the channels of a WebSocket; resolves when it has ended and the client has closed.
 * @throws UpgradeRefused before anything was answered.
 */
export async function serveWebSocketCommand(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  supported: readonly string[],
  options: StreamOptions,
  run: RemoteCommand,
  clock: Clock,
): Promise<void> {
  const accepted = await acceptWebSocket(request, socket, head, supported);
  const channels = new WebSocketChannels(accepted.socket, accepted.protocol);
  const streams = streamsOf(channels, options);
  // Tells the client that the connection stands, before the command says anything.
  channels.send(lowestWritten(options), Buffer.alloc(0));
  const outcome = await runSafely(run, streams);
  for (const output of [streams.stdout, streams.stderr]) await ended(output);
  const text = outcomeText(accepted.protocol, outcome);
  if (text !== "") channels.send(channel.error, Buffer.from(text));
  await Promise.race([channels.close(), sleep(clock, finishMs, channels.gone).catch(() => undefined)]);
  accepted.socket.terminate();
}

function streamsOf(channels: WebSocketChannels, { stdin, stdout, stderr, tty }: StreamOptions): CommandStreams {
  return {
    stdin: stdin ? channels.reader(channel.stdin) : undefined,
    stdout: stdout ? channels.writer(channel.stdout) : undefined,
    stderr: stderr && !tty ? channels.writer(channel.stderr) : undefined,
    resizes: tty ? readTerminalSizes(channels.reader(channel.resize)) : undefined,
    signal: channels.gone,
  };
}

function lowestWritten({ stdout, stderr }: StreamOptions): number {
  if (stdout) return channel.stdout;
  return stderr ? channel.stderr : channel.error;
}

async function runSafely(run: RemoteCommand, streams: CommandStreams): Promise<CommandOutcome> {
  try {
    return await run(streams);
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

function ended(output: CommandStreams["stdout"]): Promise<void> {
  if (output === undefined || output.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    output.once("error", () => resolve());
    output.end(() => resolve());
  });
}
