// Writers with a memory: what they asked for, what was acknowledged, and what must therefore be there after a crash.
import type { Random } from "../../../src/host/index.ts";
import type { ServerProcess } from "./server-process.ts";

export const configMaps = "/api/v1/namespaces/default/configmaps";
export const loadSelector = "?labelSelector=load%3Dyes";
const services = "/api/v1/namespaces/default/services";
const absent = "";
const objectsOfWriter = 6;

/** What is known of one object, which one writer changes. */
interface Known {
  /** The last value that was acknowledged. */
  acknowledged: string;
  revision: number;
  /** What was asked for and not answered: it may have happened. */
  asked?: string;
}

/** Says what is wrong with a history, with all that belongs to it. */
export class Inconsistency extends Error {
  override readonly name = "Inconsistency";
}

export function demand(holds: boolean, what: () => string): void {
  if (!holds) throw new Inconsistency(what());
}

/**
 * Writers that create, change and delete their own objects until the server goes away, each one after the other. Every
 * tenth thing they do is to create or delete a service, which is two objects in one commit: itself and its address.
 */
export class Load {
  readonly known = new Map<string, Known>();
  acknowledged = 0;
  /** Revisions of acknowledged writes since the last comparison. */
  readonly revisions: number[] = [];
  #stopped = false;
  #unanswered = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  async run(server: ServerProcess, writers: number): Promise<void> {
    this.#stopped = false;
    await Promise.all(Array.from({ length: writers }, (_, writer) => this.#write(server, writer)));
  }

  stop(): void {
    this.#stopped = true;
  }

  /** How many requests were never answered, in all rounds. */
  get unanswered(): number {
    return this.#unanswered;
  }

  async #write(server: ServerProcess, writer: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      if (i % 10 === 9 && !(await this.#toggleService(server, writer))) return;
      const name = `w${writer}-${Math.floor(this.#random.next() * objectsOfWriter)}`;
      const known = this.known.get(name) ?? { acknowledged: absent, revision: 0 };
      this.known.set(name, known);
      if (!(await this.#change(server, name, known, `${i}-${this.#random.next()}`))) return;
    }
  }

  /** False when there was no answer. */
  async #change(server: ServerProcess, name: string, known: Known, value: string): Promise<boolean> {
    const isThere = known.acknowledged !== absent;
    const next = isThere && this.#random.next() < 0.3 ? absent : value;
    known.asked = next;
    const data = { value: next };
    const answer = !isThere
      ? await server.call("POST", configMaps, { metadata: { name, labels: { load: "yes" } }, data })
      : next === absent
        ? await server.call("DELETE", `${configMaps}/${name}`)
        : await server.call("PATCH", `${configMaps}/${name}`, { data });
    if (answer === undefined) {
      this.#unanswered++;
      return false;
    }
    if (answer.status === 503 || answer.status === 429) return false; // it is on its way out, and did nothing
    demand([200, 201].includes(answer.status), () => `${name}: ${JSON.stringify(answer.body)}`);
    known.acknowledged = next;
    known.asked = undefined;
    if (next !== absent) {
      known.revision = Number(answer.body.metadata.resourceVersion);
      this.revisions.push(known.revision);
    }
    this.acknowledged++;
    return true;
  }

  /** Whether it was there is not remembered: what counts is that service and address come and go together. */
  async #toggleService(server: ServerProcess, writer: number): Promise<boolean> {
    const name = `s${writer}`;
    const spec = { ports: [{ port: 80 }] };
    const answer = await server.call("POST", services, { metadata: { name }, spec });
    if (answer?.status !== 409) return answer !== undefined;
    return (await server.call("DELETE", `${services}/${name}`)) !== undefined;
  }

  /** Compares with what there is now, which becomes what is known. Gives the revision of what was compared. */
  async compare(server: ServerProcess): Promise<number> {
    const list = await server.call("GET", configMaps + loadSelector);
    demand(list?.status === 200, () => `the list after a restart: ${JSON.stringify(list)}`);
    const found = new Map<string, { data: { value: string }; metadata: { name: string; resourceVersion: string } }>();
    for (const item of list?.body.items ?? []) found.set(item.metadata.name, item);
    const revision = Number(list?.body.metadata.resourceVersion);
    for (const [name, known] of this.known) {
      const value = found.get(name)?.data.value ?? absent;
      const allowed = known.asked === undefined ? [known.acknowledged] : [known.acknowledged, known.asked];
      demand(allowed.includes(value), () => `${name} is ${JSON.stringify(value)}, known was ${JSON.stringify(known)}`);
      demand(revision >= known.revision, () => `revision ${revision} is below ${known.revision} of ${name}`);
      known.acknowledged = value;
      known.asked = undefined;
      found.delete(name);
    }
    demand(found.size === 0, () => `nobody asked for ${[...found.keys()]}`);
    this.revisions.length = 0;
    return revision;
  }
}
