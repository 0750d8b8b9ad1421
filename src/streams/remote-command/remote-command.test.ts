import { duplexPair, Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { testHost } from "../../host/index.ts";
import { FrameReader, frameType } from "../spdy/frames.ts";
import { SpdyConnection } from "../spdy/index.ts";
import type { CommandOutcome, RemoteCommand, StreamOptions } from "./command.ts";
import { followSpdyCommand } from "./spdy-client.ts";
import { serveSpdyCommand } from "./spdy-server.ts";

const all: StreamOptions = { stdin: true, stdout: true, stderr: true, tty: false };

/** Runs a command behind a SPDY server, followed by a SPDY client, as between API server and kubelet. */
async function run(protocol: string, options: StreamOptions, command: RemoteCommand, input = "") {
  const [near, far] = duplexPair();
  const headers = { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": protocol };
  const served = serveSpdyCommand({ headers, socket: far, head: Buffer.alloc(0) }, options, command, testHost().clock);
  const answer = await new Promise<Buffer>((resolve) => near.once("data", resolve));
  expect(answer.toString()).toContain(`X-Stream-Protocol-Version: ${protocol}`);
  const connection = new SpdyConnection(near, { role: "client" });
  const said = { stdout: "", stderr: "" };
  const into = (name: "stdout" | "stderr") =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += chunk;
        done();
      },
    });
  const outcome: CommandOutcome = await followSpdyCommand(connection, protocol, options, {
    stdin: Readable.from([input]),
    stdout: into("stdout"),
    stderr: into("stderr"),
    resizes: Readable.from([{ width: 80, height: 24 }]),
    signal: new AbortController().signal,
  });
  await served;
  return { ...said, outcome };
}

test("a command reads its input to the end and its output arrives before its exit code", async () => {
  const ran = await run(
    "v4.channel.k8s.io",
    all,
    async ({ stdin, stdout, stderr }) => {
      const read = stdin === undefined ? "" : await text(stdin);
      stdout?.write(read.toUpperCase());
      stderr?.write("warning");
      return { kind: "exited", code: 3 };
    },
    "hello",
  );
  expect(ran).toEqual({ stdout: "HELLO", stderr: "warning", outcome: { kind: "exited", code: 3 } });
});

test("a command that could not be run says why", async () => {
  const broken: RemoteCommand = () => Promise.reject(new Error("no such program"));
  const { outcome } = await run("v4.channel.k8s.io", { ...all, stdin: false }, broken);
  expect(outcome).toEqual({ kind: "failed", message: "Internal error occurred: no such program" });
  const old = await run("v2.channel.k8s.io", { ...all, stdin: false }, broken);
  expect(old.outcome).toEqual({ kind: "failed", message: "no such program" });
});

test("a terminal has one output and tells its size", async () => {
  const { stdout, outcome } = await run("v4.channel.k8s.io", { ...all, stdin: false, tty: true }, async (streams) => {
    expect(streams.stderr).toBeUndefined();
    for await (const { width, height } of streams.resizes ?? []) {
      streams.stdout?.write(`${width}x${height}`);
      break;
    }
    return { kind: "exited", code: 0 };
  });
  expect(stdout).toBe("80x24");
  expect(outcome).toEqual({ kind: "exited", code: 0 });
});

test("much output arrives whole", async () => {
  const { stdout } = await run("v4.channel.k8s.io", { ...all, stdin: false }, async (streams) => {
    for (let i = 0; i < 200; i++) streams.stdout?.write("x".repeat(10_000));
    return { kind: "exited", code: 0 };
  });
  expect(stdout.length).toBe(2_000_000);
});

test("a protocol that nobody speaks is refused", async () => {
  const [, far] = duplexPair();
  const headers = { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": "v9.channel.k8s.io" };
  const served = serveSpdyCommand(
    { headers, socket: far, head: Buffer.alloc(0) },
    all,
    async () => ({ kind: "exited", code: 0 }),
    testHost().clock,
  );
  await expect(served).rejects.toMatchObject({ code: 403 });
  await expect(served).rejects.toThrow("client supports [v9.channel.k8s.io]");
});

test("the connection's end is told after all that the streams had to say", async () => {
  const [near, far] = duplexPair();
  const headers = { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io" };
  const options = { stdin: false, stdout: true, stderr: false, tty: false };
  const much: RemoteCommand = async ({ stdout }) => {
    for (let i = 0; i < 20; i++) stdout?.write("x".repeat(30_000));
    return { kind: "exited", code: 0 };
  };
  void serveSpdyCommand({ headers, socket: far, head: Buffer.alloc(0) }, options, much, testHost().clock);
  await new Promise<Buffer>((resolve) => near.once("data", resolve));
  const [client, server] = duplexPair();
  const opener = new SpdyConnection(client, { role: "client" });
  server.pipe(near);
  for (const streamtype of ["error", "stdout"]) opener.open({ streamtype });
  const frames: string[] = [];
  const reader = new FrameReader({
    control: ({ type }) => frames.push(type === frameType.goAway ? "goAway" : "control"),
    data: (id, bytes) => frames.push(`${id}:${bytes.length}`),
  });
  await new Promise<void>((resolve) =>
    near.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      if (frames.includes("goAway")) resolve();
    }),
  );
  expect(frames.indexOf("goAway")).toBe(frames.length - 1);
  const sizes = frames.filter((frame) => frame.startsWith("3:")).map((frame) => Number(frame.slice(2)));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(600_000);
  near.destroy();
});
