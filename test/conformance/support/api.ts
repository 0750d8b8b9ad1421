// The API as a client on the wire sees it: HTTPS, JSON, nothing typed.
import type { IncomingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";
import type { Cluster } from "../../../src/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look at answers of every shape
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Json;
}

export interface Sent {
  readonly headers?: Record<string, string | readonly string[]>;
  readonly body?: unknown;
  /** Speaks with this bearer token instead of the administrator's certificate. */
  readonly token?: string;
}

/** An answer that is no success. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly answer: Answer;

  constructor(method: string, path: string, answer: Answer) {
    super(`${method} ${path}: ${answer.status} ${answer.body?.message ?? answer.text}`);
    this.answer = answer;
  }
}

export type PatchName = "json" | "merge" | "strategic" | "apply";

const patchTypes: Record<PatchName, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** One event of a watch on the wire. */
export interface WatchEvent {
  readonly type: string;
  readonly object: Json;
}

export class Api {
  readonly #agent: Agent;
  readonly #anonymous: Agent;
  readonly url: URL;

  constructor(cluster: Cluster) {
    const { server, caPem: ca, clientCertPem: cert, clientKeyPem: key } = cluster.kubeconfig;
    this.url = new URL(server);
    this.#agent = new Agent({ keepAlive: true, ca, cert, key, maxSockets: 200 });
    this.#anonymous = new Agent({ keepAlive: true, ca });
  }

  /** Any request; every answer is given, also a refusal. */
  call(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#send(method, path, sent, reject, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
        });
      });
    });
  }

  get(path: string): Promise<Json> {
    return this.#accepted("GET", path);
  }

  create(path: string, body: unknown): Promise<Json> {
    return this.#accepted("POST", path, { body });
  }

  update(path: string, body: unknown): Promise<Json> {
    return this.#accepted("PUT", path, { body });
  }

  patch(path: string, type: PatchName, body: unknown): Promise<Json> {
    return this.#accepted("PATCH", path, { body, headers: { "content-type": patchTypes[type] } });
  }

  /** Of an object or, with a selector in the query, of a collection. */
  delete(path: string, options?: unknown): Promise<Json> {
    return this.#accepted("DELETE", path, { body: options });
  }

  /** The status code of a GET: 404 when it is gone. */
  async statusOf(path: string): Promise<number> {
    return (await this.call("GET", path)).status;
  }

  /** Reads, changes and writes until nobody else wrote in between. */
  async edit(path: string, change: (object: Json) => void, target = path): Promise<Json> {
    for (;;) {
      const object = await this.get(path);
      change(object);
      const answer = await this.call("PUT", target, { body: object });
      if (answer.status < 300) return answer.body;
      if (answer.status !== 409) throw new Refused("PUT", target, answer);
    }
  }

  /** Resolves when the server has accepted the watch. `query` without `watch=true`. */
  watch(path: string, query = ""): Promise<WatchStream> {
    return new Promise((resolve, reject) => {
      const full = `${path}?watch=true${query === "" ? "" : `&${query}`}`;
      const sent = this.#send("GET", full, {}, reject, (response) => {
        const stream = new WatchStream(() => sent.destroy());
        if (response.statusCode !== 200) reject(new Error(`watch ${full}: ${response.statusCode}`));
        let rest = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) if (line !== "") stream.take(JSON.parse(line));
        });
        response.on("close", () => stream.ended());
        response.on("error", () => stream.ended());
        resolve(stream);
      });
    });
  }

  /** The object as soon as `holds`: read once, then watched from there. */
  async until(path: string, holds: (object: Json) => boolean, timeoutMs = 30_000): Promise<Json> {
    const cut = path.lastIndexOf("/");
    const collection = path.slice(0, cut);
    const name = path.slice(cut + 1);
    const select = `fieldSelector=metadata.name%3D${name}`;
    const [found] = await this.untilList(
      `${collection}?${select}`,
      ([one]) => one !== undefined && holds(one),
      timeoutMs,
    );
    return found;
  }

  /** Resolves when there is no such object (any more). */
  async untilGone(path: string, timeoutMs = 30_000): Promise<void> {
    const cut = path.lastIndexOf("/");
    const select = `fieldSelector=metadata.name%3D${path.slice(cut + 1)}`;
    await this.untilList(`${path.slice(0, cut)}?${select}`, (items) => items.length === 0, timeoutMs);
  }

  /** The objects that a list (path with its selectors) holds as soon as `holds`. */
  async untilList(path: string, holds: (items: Json[]) => boolean, timeoutMs = 30_000): Promise<Json[]> {
    const [collection = "", query = ""] = path.split("?");
    const list = await this.get(path);
    const items = new Map<string, Json>(list.items.map((item: Json) => [keyOf(item), item]));
    if (holds([...items.values()])) return [...items.values()];
    const position = `resourceVersion=${list.metadata.resourceVersion}`;
    const stream = await this.watch(collection, query === "" ? position : `${query}&${position}`);
    try {
      await stream.next(({ type, object }) => {
        if (type === "DELETED") items.delete(keyOf(object));
        else items.set(keyOf(object), object);
        return holds([...items.values()]);
      }, timeoutMs);
    } catch (error) {
      throw new Error(`${path} never came to hold; last: ${JSON.stringify([...items.values()])}`, { cause: error });
    } finally {
      stream.stop();
    }
    return [...items.values()];
  }

  close(): void {
    this.#agent.destroy();
    this.#anonymous.destroy();
  }

  async #accepted(method: string, path: string, sent: Sent = {}): Promise<Json> {
    const answer = await this.call(method, path, sent);
    if (answer.status >= 300) throw new Refused(method, path, answer);
    return answer.body;
  }

  #send(
    method: string,
    path: string,
    { headers, body, token }: Sent,
    failed: (error: Error) => void,
    answered: (response: import("node:http").IncomingMessage) => void,
  ) {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const sent = request(
      {
        host: this.url.hostname,
        port: this.url.port,
        method,
        path,
        agent: token === undefined ? this.#agent : this.#anonymous,
        headers: {
          ...(text !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
      },
      answered,
    );
    sent.on("error", failed);
    sent.end(text);
    return sent;
  }
}

/** The events of one watch, in their order. */
export class WatchStream {
  readonly #events: WatchEvent[] = [];
  readonly #stop: () => void;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stop: () => void) {
    this.#stop = stop;
  }

  take(event: WatchEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  ended(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Takes events until one is `wanted`, and gives that one; those before it are passed over. */
  async next(wanted: (event: WatchEvent) => boolean = () => true, timeoutMs = 30_000): Promise<WatchEvent> {
    const late = Promise.withResolvers<void>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      late.resolve();
    }, timeoutMs);
    try {
      for (;;) {
        const event = this.#events.shift();
        if (event !== undefined) {
          if (wanted(event)) return event;
          continue;
        }
        if (this.#ended) throw new Error("the watch ended before the event came");
        if (isLate) throw new Error(`no such event within ${timeoutMs} ms`);
        const woken = Promise.withResolvers<void>();
        this.#wake = woken.resolve;
        await Promise.race([woken.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The events that have come and were not taken. */
  get waiting(): readonly WatchEvent[] {
    return this.#events;
  }

  stop(): void {
    this.#stop();
  }
}

function keyOf(object: Json): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
