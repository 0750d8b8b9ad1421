import type { TestServer } from "../apiserver-http/test-server.ts";
import { type Player, player } from "./client.ts";
import type { Case, Oracle, RecordedAnswer } from "./recording.ts";

const levels = ["code", "shape", "text"] as const;

export interface Agreement {
  readonly steps: number;
  /** In percent: equal status codes; equal bodies (of failures: reason and causes); equal messages and warnings too. */
  readonly code: number;
  readonly shape: number;
  readonly text: number;
  /** What differs and in how many answers, most frequent first. */
  readonly differences: readonly string[];
}

/** How many cases are played at once. */
const playersMax = 4;

/** Plays cases against a server and counts how many answers agree with the recorded ones. */
export async function replay(server: TestServer, cases: readonly Case[], oracle: Oracle): Promise<Agreement> {
  const tally = new Tally();
  const client = player(server);
  let next = 0;
  const playOn = async (): Promise<void> => {
    for (let one = cases[next++]; one !== undefined; one = cases[next++]) await playCase(client, one, oracle, tally);
  };
  await Promise.all(Array.from({ length: playersMax }, playOn));
  client.close();
  return tally.agreement();
}

async function playCase(client: Player, one: Case, oracle: Oracle, tally: Tally): Promise<void> {
  const env = oracle.environment();
  const namespace = `/api/v1/namespaces/${env.ns}`;
  await client.call({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: env.ns } } });
  const account = { metadata: { name: "default" } };
  await client.call({ method: "POST", path: `${namespace}/serviceaccounts`, body: account });
  for (const [index, step] of one.steps.entries()) {
    const got = await client.call({ ...step, ...oracle.fill({ path: step.path, body: step.body ?? null }, env) });
    if (step.expect === undefined) continue;
    const warnings = got.warnings.map((text) => oracle.normalize(text, env));
    const seen = { status: got.status, warnings, body: oracle.normalize(got.body, env) };
    const result = oracle.compare(withoutCredential(step.expect), withoutCredential(seen));
    tally.add(result, `${one.id}#${index}`);
  }
  for (const path of one.cleanup ?? []) await client.call({ method: "DELETE", path: oracle.fill(path, env) });
  await client.call({ method: "DELETE", path: namespace });
}

/** The fingerprint of the client's certificate is the recorder's own. */
function withoutCredential(answer: RecordedAnswer): RecordedAnswer {
  return JSON.parse(JSON.stringify(answer).replace(/X509SHA256=[0-9a-f]{64}/g, "X509SHA256=<fingerprint>"));
}

class Tally {
  #steps = 0;
  readonly #agreeing = { code: 0, shape: 0, text: 0 };
  readonly #differences = new Map<string, string[]>();

  add(result: { code: boolean; shape: boolean; text: boolean; why?: string }, step: string): void {
    this.#steps++;
    for (const level of levels) if (result[level]) this.#agreeing[level]++;
    if (result.text) return;
    const why = (result.why ?? "").replace(/\d+/g, "N").slice(0, 200);
    this.#differences.set(why, [...(this.#differences.get(why) ?? []), step]);
  }

  agreement(): Agreement {
    const percent = (level: (typeof levels)[number]) => (100 * this.#agreeing[level]) / Math.max(1, this.#steps);
    const differences = [...this.#differences]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([why, steps]) => `${steps.length} ${why} (${steps[0]})`);
    return { steps: this.#steps, code: percent("code"), shape: percent("shape"), text: percent("text"), differences };
  }
}
