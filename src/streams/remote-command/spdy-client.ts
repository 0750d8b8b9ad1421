import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SpdyConnection, SpdyStream } from "../spdy/index.ts";
import type { CommandOutcome, CommandStreams, StreamOptions } from "./command.ts";
import { readOutcome } from "./outcome.ts";
import { terminalSizeText } from "./terminal-size.ts";

/** What a client of remote commands over SPDY offers, the preferred one first. */
export const offeredCommandProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
] as const;

/** Follows a command that the other end of the connection runs; resolves when it has ended and its output is passed on. */
export async function followSpdyCommand(
  connection: SpdyConnection,
  protocol: string,
  options: StreamOptions,
  streams: CommandStreams,
): Promise<CommandOutcome> {
  const { stdin, stdout, stderr, resizes, signal } = streams;
  const abort = (): void => connection.destroy();
  signal.addEventListener("abort", abort, { once: true });
  try {
    // In this order: some servers take them as they come.
    const error = connection.open({ streamtype: "error" });
    const input = options.stdin ? connection.open({ streamtype: "stdin" }) : undefined;
    const output = options.stdout ? connection.open({ streamtype: "stdout" }) : undefined;
    const errorOutput = options.stderr && !options.tty ? connection.open({ streamtype: "stderr" }) : undefined;
    const resize = options.tty ? connection.open({ streamtype: "resize" }) : undefined;
    if (input !== undefined && stdin !== undefined) send(stdin, input);
    if (resize !== undefined && resizes !== undefined) send(Readable.from(texts(resizes)), resize);
    error.end();
    const passed = [passOn(output, stdout), passOn(errorOutput, stderr)];
    const text = await readAll(error);
    await Promise.all(passed);
    return readOutcome(protocol, text);
  } finally {
    signal.removeEventListener("abort", abort);
    connection.end();
  }
}

async function* texts(resizes: NonNullable<CommandStreams["resizes"]>): AsyncGenerator<string> {
  for await (const size of resizes) yield terminalSizeText(size);
}

/** What is typed goes on in the background: the command's end does not wait for it. */
function send(from: Readable, to: SpdyStream): void {
  to.resume();
  pipeline(from, to).catch(() => to.destroy());
}

async function passOn(from: SpdyStream | undefined, to: Writable | undefined): Promise<void> {
  if (from === undefined) return;
  if (to === undefined) from.resume();
  else await pipeline(from, to, { end: false }).catch(() => from.destroy());
}

async function readAll(stream: SpdyStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
