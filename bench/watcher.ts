// One watch of an API server on a connection of its own, which counts the events that come.
import { connect } from "node:http2";
import { Agent, type AgentOptions, request } from "node:https";
import type { Readable } from "node:stream";

export interface Watcher {
  /** Resolves when so many events have come. */
  seen(count: number): Promise<void>;
  close(): void;
}

/** @param protocol h1 or h2 */
export function openWatch(protocol: string, server: string, tls: AgentOptions, path: string): Promise<Watcher> {
  return protocol === "h2" ? openHttp2(server, tls, path) : openHttp1(server, tls, path);
}

function openHttp1(server: string, tls: AgentOptions, path: string): Promise<Watcher> {
  return new Promise((resolve, reject) => {
    const get = request(new URL(path, server), { agent: new Agent(tls) }, (answer) => {
      resolve({ seen: counter(answer), close: () => get.destroy() });
    });
    get.on("error", reject).end();
  });
}

function openHttp2(server: string, tls: AgentOptions, path: string): Promise<Watcher> {
  return new Promise((resolve, reject) => {
    const { ca, cert, key } = tls;
    // As large as Go's clients have it: 4 MiB a stream.
    const session = connect(server, { ca, cert, key, settings: { initialWindowSize: 4 << 20 } });
    session.on("connect", () => session.setLocalWindowSize(1 << 30));
    const stream = session.request({ ":path": path });
    session.on("error", reject);
    stream.on("error", reject);
    stream.on("response", () => resolve({ seen: counter(stream), close: () => session.destroy() }));
    stream.end();
  });
}

function counter(answer: Readable): Watcher["seen"] {
  let events = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let done = () => {};
  answer.on("data", (chunk: Buffer) => {
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, end + 1)) events++;
    if (events >= wanted) done();
  });
  return (count) =>
    new Promise((ready) => {
      wanted = count;
      done = ready;
      if (events >= wanted) ready();
    });
}
