import type { ResourceKind } from "../../src/api/kinds/index.ts";
import { Chance } from "./chance.ts";
import { collectionPath, creation, nameIn, nextStep, type Situation, seedDocument } from "./generate-step.ts";
import { checkAnswer, checkApplyAgain, checkPrototypes, checkStored, checkUntouched, Violation } from "./invariants.ts";
import { kindName } from "./seeds.ts";
import { describeStep, type Step } from "./step.ts";
import type { Target } from "./target.ts";

/** A request that took long, and for what. */
export interface Slow {
  readonly ms: number;
  readonly case: string;
  readonly step: string;
}

export interface CaseResult {
  readonly steps: readonly Step[];
  readonly codes: readonly number[];
  readonly violation?: Violation;
  readonly slow: readonly Slow[];
}

const slowMs = 150;
const requestsMost = 6;

/** The case of this number: the same for the same seed, whatever ran before it. */
export async function runCase(target: Target, kind: ResourceKind, seed: string, number: number): Promise<CaseResult> {
  const id = `${seed}/${kindName(kind)}/${number}`;
  const chance = new Chance(id);
  const run = new Run(target, id);
  try {
    const document = seedDocument(chance, kind);
    const name = nameIn(document) ?? "a";
    if (kind.verbs.includes("create") && chance.is(0.85)) await run.step(creation(kind, document));
    const requests = 1 + chance.integer(requestsMost);
    for (let i = 0; i < requests; i++) {
      const stored = await storedObject(target, kind, name);
      const situation: Situation = { kind, name, seed: document, stored };
      await run.step(nextStep(chance, situation));
    }
  } catch (error) {
    return run.failed(error);
  } finally {
    await target.reset();
  }
  return run.result;
}

/** Runs steps that are known. */
export async function runSteps(target: Target, steps: readonly Step[]): Promise<CaseResult> {
  const run = new Run(target, "again");
  try {
    for (const step of steps) await run.step(step);
  } catch (error) {
    return run.failed(error);
  } finally {
    await target.reset();
  }
  return run.result;
}

class Run {
  readonly #target: Target;
  readonly #id: string;
  readonly #steps: Step[] = [];
  readonly #codes: number[] = [];
  readonly #slow: Slow[] = [];

  constructor(target: Target, id: string) {
    this.#target = target;
    this.#id = id;
  }

  get result(): CaseResult {
    return { steps: this.#steps, codes: this.#codes, slow: this.#slow };
  }

  failed(error: unknown): CaseResult {
    const violation = error instanceof Violation ? error : new Violation("exception", stackOf(error));
    this.#target.takeErrors();
    return { ...this.result, violation };
  }

  async step(step: Step): Promise<void> {
    const target = this.#target;
    this.#steps.push(step);
    const before = target.store.revision;
    const started = performance.now();
    const answer = await target.send(step);
    const ms = performance.now() - started;
    if (ms > slowMs) this.#slow.push({ ms, case: this.#id, step: describeStep(step).slice(0, 300) });
    this.#codes.push(answer.code);
    checkAnswer(target, answer);
    checkPrototypes();
    checkUntouched(target, before, step, answer);
    for (const entry of await target.changedSince(before)) await checkStored(target, entry);
    const isApply = step.headers["content-type"] === "application/apply-patch+yaml";
    // Admission treats what is new in ways of its own.
    if (isApply && answer.code === 200) await checkApplyAgain(target, step);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function storedObject(target: Target, kind: ResourceKind, name: string): Promise<Situation["stored"]> {
  if (!kind.verbs.includes("get")) return undefined;
  const url = `${collectionPath(kind)}/${encodeURIComponent(name.toWellFormed())}`;
  const answer = await target.send({ method: "GET", url, headers: { accept: "application/json" } });
  return answer.code === 200 ? (JSON.parse(answer.body.toString()) as Situation["stored"]) : undefined;
}
