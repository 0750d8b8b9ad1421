import { generateKeyPairSync } from "node:crypto";
import { PassThrough } from "node:stream";
import { builtinKinds, createKindRegistry, type KindRegistry } from "../../src/api/kinds/index.ts";
import { cloneJson, deepFreeze, errors, type JsonObject, type KubeObject } from "../../src/api/meta/index.ts";
import { createAdmissionChain, createAdmissionPlugins } from "../../src/apiserver/admission/index.ts";
import { serviceCompanions } from "../../src/apiserver/allocation/index.ts";
import { type Authorizer, Impersonator, SigningKey, TokenIssuer } from "../../src/apiserver/auth/index.ts";
import { bootstrapCluster } from "../../src/apiserver/bootstrap/index.ts";
import { InFlightLimiter } from "../../src/apiserver/flow/index.ts";
import { createApiHandler } from "../../src/apiserver/handlers/index.ts";
// The pipeline takes requests from anywhere; listeners are tested elsewhere.
import { Chunk } from "../../src/apiserver/http/chunk.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "../../src/apiserver/http/exchange.ts";
import { KubeletClient, PathRoutes, RequestMetrics, RequestPipeline } from "../../src/apiserver/http/index.ts";
import { createLogger, type TestHost, testHost } from "../../src/host/index.ts";
import { createMemoryStore, type Entry, type Store, type Txn } from "../../src/store/index.ts";
import { type Answer, bytesOf, type Step } from "./step.ts";

export const fuzzNamespace = "fuzz";
const startMs = Date.UTC(2026, 5, 1);
const allowAll: Authorizer = { authorize: () => ({ allowed: true, reason: "" }) };
const user = { name: "fuzz", groups: ["system:masters", "system:authenticated"] };
/** An answer that takes longer than this will not come any more. */
const hangMs = 20_000;
/** A library may be loaded meanwhile; after that the server waits for its own clock. */
const patienceMs = 3000;
/** Long enough for waits of the server. */
const tickMs = 10_000;

/** The whole API server behind its listeners, over a memory store whose objects throw when they are changed. */
export class Target {
  readonly host: TestHost;
  readonly store: Store;
  readonly kinds: KindRegistry;
  /** What the server logged as errors since the last call of `takeErrors`. */
  #errors: string[] = [];
  readonly #pipeline: RequestPipeline;
  #baseline = new Map<string, KubeObject>();
  #baseRevision = 0;

  static async start(): Promise<Target> {
    const target = new Target();
    await target.#prepare();
    return target;
  }

  private constructor() {
    const log = createLogger({ level: "error", write: (line) => void this.#errors.push(line), now: () => 0 });
    const host = testHost({ start: startMs, log });
    const store = freezing(createMemoryStore(host));
    const kinds = createKindRegistry(builtinKinds());
    this.host = host;
    this.store = store;
    this.kinds = kinds;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = new SigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const plugins = createAdmissionPlugins({
      host,
      store,
      kinds,
      authorizer: allowAll,
      createNamespace: async (name) => {
        throw new Error(`namespace ${name} is made by no default plugin`);
      },
    });
    const admission = createAdmissionChain(plugins);
    const handler = createApiHandler({
      host,
      store,
      kinds,
      admission,
      companions: serviceCompanions({ host, store, kinds }),
      authorizer: allowAll,
      tokens: new TokenIssuer(host, key, "https://fuzz"),
    });
    this.#pipeline = new RequestPipeline({
      host,
      kinds,
      handler,
      kubelets: new KubeletClient(handler),
      admission,
      authenticator: { authenticate: () => user },
      impersonator: new Impersonator(allowAll),
      authorizer: allowAll,
      limiter: new InFlightLimiter(host),
      paths: new PathRoutes(),
      metrics: new RequestMetrics(host),
    });
  }

  async #prepare(): Promise<void> {
    const handler = createApiHandler({ host: this.host, store: this.store, kinds: this.kinds });
    await bootstrapCluster({ host: this.host, handler });
    const create = async (resource: string, namespace: string | undefined, body: JsonObject): Promise<void> => {
      await handler.handle({ verb: "create", group: "", version: "v1", resource, namespace, options: {}, user, body });
    };
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: fuzzNamespace } };
    await create("namespaces", undefined, namespace);
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    await create("serviceaccounts", fuzzNamespace, account);
    for (const entry of (await this.store.list("/")).entries()) this.#baseline.set(entry.key, entry.object);
    this.#baseRevision = this.store.revision;
  }

  async send(step: Step): Promise<Answer> {
    const exchange = new RecordedExchange(step);
    this.#pipeline.serve(exchange);
    let settled = false;
    const answer = exchange.answer.finally(() => {
      settled = true;
    });
    answer.catch(() => {}); // awaited below
    const started = performance.now();
    for (let turns = 0; !settled; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (turns === 3 && exchange.isOpen) exchange.leave();
      if (turns < 50) continue;
      const ms = performance.now() - started;
      if (ms > patienceMs) await this.host.clock.advance(tickMs);
      if (ms > hangMs) throw new Error(`no answer after ${hangMs} ms`);
    }
    return answer;
  }

  takeErrors(): string[] {
    const taken = this.#errors;
    this.#errors = [];
    return taken;
  }

  async changedSince(revision: number): Promise<Entry[]> {
    if (this.store.revision === revision) return [];
    return [...(await this.store.list("/")).entries()].filter((entry) => entry.revision > revision);
  }

  /** Undoes everything since the start. */
  async reset(): Promise<void> {
    if (this.store.revision === this.#baseRevision) return;
    const there = new Set<string>();
    for (const entry of (await this.store.list("/")).entries()) {
      there.add(entry.key);
      const base = this.#baseline.get(entry.key);
      if (base === undefined) {
        await this.store.commit({ compare: [], operations: [{ type: "delete", key: entry.key }] });
      } else if (entry.revision > this.#baseRevision) await this.#restore(entry.key, base);
    }
    for (const [key, object] of this.#baseline) if (!there.has(key)) await this.#restore(key, object);
    this.#baseRevision = this.store.revision;
  }

  async #restore(key: string, object: KubeObject): Promise<void> {
    await this.store.commit({ compare: [], operations: [{ type: "put", key, object: cloneJson(object) }] });
  }
}

/** Whoever changes a stored object is told by an exception. */
function freezing(store: Store): Store {
  return {
    get revision() {
      return store.revision;
    },
    get: (key) => store.get(key),
    list: (prefix, at) => store.list(prefix, at),
    commit: async (txn: Txn) => {
      const result = await store.commit(txn);
      if (result.committed) for (const entry of result.entries) deepFreeze(entry.object);
      return result;
    },
    watch: (prefix, after, sink) => store.watch(prefix, after, sink),
    compact: (before) => store.compact(before),
    close: () => store.close(),
  };
}

/** A request that came over no wire. */
class RecordedExchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connection = new PassThrough();
  readonly answer: Promise<Answer>;
  finished = false;
  isOpen = false;
  readonly #body: Buffer;
  #give: (answer: Answer) => void = () => {};
  #refuse: (why: Error) => void = () => {};
  #listeners: (() => void)[] = [];
  #chunks: Buffer[] = [];
  #head: Pick<Answer, "code" | "headers"> | undefined;

  constructor(step: Step) {
    this.method = step.method;
    this.url = step.url;
    this.headers = step.headers;
    this.#body = bytesOf(step);
    this.answer = new Promise((resolve, reject) => {
      this.#give = resolve;
      this.#refuse = reject;
    });
  }

  headerValues(name: string): readonly string[] {
    const value = this.headers[name];
    return value === undefined ? [] : [value];
  }

  async readBody(bytesMax: number): Promise<Buffer> {
    if (this.#body.length > bytesMax) throw errors.requestEntityTooLarge(`limit is ${bytesMax}`);
    return this.#body;
  }

  send(code: number, headers: AnswerHeaders, body?: Buffer | string): void {
    if (this.finished) throw new Error("answered twice");
    this.#finish({ code, headers, body: typeof body === "string" ? Buffer.from(body) : (body ?? Buffer.alloc(0)) });
  }

  open(code: number, headers: AnswerHeaders): AnswerStream {
    if (this.finished) throw new Error("answered twice");
    this.finished = true;
    this.isOpen = true;
    this.#head = { code, headers };
    const exchange = this;
    return {
      write(chunk, onSent) {
        exchange.#chunks.push(Buffer.from(chunk instanceof Chunk ? chunk.payload : chunk));
        onSent?.();
        return true;
      },
      onDrain: () => {},
      get lost() {
        return !exchange.isOpen;
      },
      backlog: () => 0,
      end: () => this.leave(),
      destroy: () => this.#refuse(new Error("the answer was broken off")),
    };
  }

  /** The client has seen enough. */
  leave(): void {
    if (!this.isOpen || this.#head === undefined) return;
    this.isOpen = false;
    this.#finish({ ...this.#head, body: Buffer.concat(this.#chunks) });
  }

  abandon(): void {
    this.#refuse(new Error("the answer was abandoned"));
  }

  onFinished(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #finish(answer: Answer): void {
    this.finished = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    this.#give(answer);
    for (const listener of listeners) listener();
  }
}
