import { Agent, request } from "node:https";
import { builtinKinds, createKindRegistry, type ResourceKind } from "../../src/api/kinds/index.ts";
import { startTestServer, type TestServer } from "../integration/apiserver-http/test-server.ts";
import { Chance } from "./chance.ts";
import { creation, nameIn, nextStep, seedDocument } from "./generate-step.ts";
import { checkRefusal, Violation } from "./invariants.ts";
import { kindName, kindsToFuzz } from "./seeds.ts";
import { type Answer, bytesOf, describeStep, type Step } from "./step.ts";
import { fuzzNamespace } from "./target.ts";

export interface HttpsReport {
  readonly requests: number;
  /** Requests that no HTTP client sends. */
  readonly unsendable: number;
  readonly failures: readonly string[];
}

const hangMs = 20_000;

/** The same requests through a listener, TLS and HTTP: answers must come, and be proper. */
export async function fuzzOverHttps(options: { cases: number; seed: string; only?: string }): Promise<HttpsReport> {
  const { cases, seed, only } = options;
  const server = await startTestServer();
  const connection = new Connection(server);
  const kinds = kindsToFuzz(createKindRegistry(builtinKinds()), only);
  const failures: string[] = [];
  try {
    const namespace = { method: "POST", url: "/api/v1/namespaces", headers: { "content-type": "application/json" } };
    const body = Buffer.from(JSON.stringify({ metadata: { name: fuzzNamespace } }));
    await connection.send({ ...namespace, body });
    for (let i = 0; i < cases; i++) {
      const kind = kinds[i % kinds.length] as ResourceKind;
      for (const step of stepsOf(kind, `${seed}/https/${kindName(kind)}/${i}`)) {
        const why = await complaint(connection, step);
        if (why !== undefined) failures.push(`${kindName(kind)} over HTTPS: ${why}\n  ${describeStep(step)}\n`);
      }
    }
  } finally {
    connection.close();
    await server.stop();
  }
  return { requests: connection.requests, unsendable: connection.unsendable, failures };
}

function stepsOf(kind: ResourceKind, id: string): Step[] {
  const chance = new Chance(id);
  const seed = seedDocument(chance, kind);
  const situation = { kind, seed, name: nameIn(seed) ?? "a", stored: undefined };
  const steps = [1, 2, 3].map(() => nextStep(chance, situation));
  return kind.verbs.includes("create") ? [creation(kind, seed), ...steps] : steps;
}

async function complaint(connection: Connection, step: Step): Promise<string | undefined> {
  try {
    const answer = await connection.send(step);
    if (answer !== undefined && step.method !== "HEAD") checkRefusal(answer);
    return undefined;
  } catch (error) {
    return error instanceof Violation ? error.message : String(error);
  }
}

class Connection {
  requests = 0;
  unsendable = 0;
  readonly #agent: Agent;
  readonly #port: number;

  constructor(server: TestServer) {
    const { ca, admin } = server.certificates;
    this.#agent = new Agent({ ca, cert: admin.cert, key: admin.key, keepAlive: true, maxSockets: 4 });
    this.#port = server.listener.port;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Undefined for what the client refuses to send. */
  send(step: Step): Promise<Answer | undefined> {
    const body = bytesOf(step);
    const headers = { ...step.headers, ...(body.length > 0 && { "content-length": String(body.length) }) };
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: this.#port, path: step.url, method: step.method, agent: this.#agent };
      if (/[^\x21-\x7e]/.test(step.url)) {
        this.unsendable++;
        resolve(undefined);
        return;
      }
      let sent: ReturnType<typeof request>;
      try {
        sent = request({ ...options, headers, timeout: hangMs }, (response) => {
          const chunks: Buffer[] = [];
          const done = (): void =>
            resolve({ code: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", done);
          response.on("error", reject);
          if (/[?&]watch=/.test(step.url) && response.statusCode === 200) {
            done();
            response.removeAllListeners("error").on("error", () => {}); // a watch is left, not ended
            sent.destroy();
          }
        });
      } catch {
        this.unsendable++;
        resolve(undefined);
        return;
      }
      this.requests++;
      sent.on("timeout", () => sent.destroy(new Error(`no answer after ${hangMs} ms`)));
      sent.on("error", reject);
      sent.end(body.length > 0 ? body : undefined);
    });
  }
}
