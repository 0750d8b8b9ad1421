import type { ResourceKind } from "../../src/api/kinds/index.ts";
import { type CaseResult, runCase, runSteps, type Slow } from "./case.ts";
import { minimize } from "./minimize.ts";
import { kindName, kindsToFuzz } from "./seeds.ts";
import { describeStep, type Step } from "./step.ts";
import { Target } from "./target.ts";
import { Watchdog } from "./watchdog.ts";

export interface FuzzOptions {
  readonly cases: number;
  readonly seed: string;
  /** Part of the name of the kinds to take. */
  readonly only?: string;
  /** The number of the first case of each kind. */
  readonly from?: number;
  /** How many failures of a sort in a kind are told. */
  readonly perSort?: number;
  readonly failuresMost?: number;
  readonly onFailure?: (failure: Failure) => void;
  /** Told now and then how far it is. */
  readonly onProgress?: (cases: number, requests: number) => void;
}

export interface Failure {
  readonly kind: string;
  readonly number: number;
  readonly sort: string;
  readonly text: string;
}

export interface FuzzReport {
  readonly cases: number;
  readonly requests: number;
  /** How often each status code was answered. */
  readonly codes: ReadonlyMap<number, number>;
  readonly failures: readonly Failure[];
  readonly slow: readonly Slow[];
}

/** A server that has seen this many cases is replaced: history and metrics of it grow. */
const casesPerTarget = 4000;

/** Runs cases of every kind in turn. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { cases, seed, only, from = 0, perSort = 1, failuresMost = 50, onFailure, onProgress } = options;
  let target = await Target.start();
  const kinds = kindsToFuzz(target.kinds, only);
  if (kinds.length === 0) throw new Error(`no kind is named like ${only}`);
  const codes = new Map<number, number>();
  const failures: Failure[] = [];
  const told = new Map<string, number>();
  let slow: Slow[] = [];
  let requests = 0;
  const watchdog = new Watchdog(kinds.map(kindName), seed, from);
  let i = 0;
  for (; i < cases && failures.length < failuresMost; i++) {
    if (i % casesPerTarget === casesPerTarget - 1) {
      target = await Target.start();
      onProgress?.(i + 1, requests);
    }
    watchdog.beat(i);
    const kind = kinds[i % kinds.length] as ResourceKind;
    const number = from + Math.floor(i / kinds.length);
    const result = await runCase(target, kind, seed, number);
    requests += result.codes.length;
    for (const code of result.codes) codes.set(code, (codes.get(code) ?? 0) + 1);
    slow = [...slow, ...result.slow].sort((a, b) => b.ms - a.ms).slice(0, 200);
    if (result.violation === undefined) continue;
    const known = `${result.violation.sort} ${kindName(kind)}`;
    const times = (told.get(known) ?? 0) + 1;
    told.set(known, times);
    target = await Target.start();
    if (times > perSort) continue;
    const failure = await describeFailure(kind, number, result);
    failures.push(failure);
    onFailure?.(failure);
  }
  await watchdog.stop();
  return { cases: i, requests, codes, failures, slow };
}

async function describeFailure(kind: ResourceKind, number: number, result: CaseResult): Promise<Failure> {
  const sort = result.violation?.sort ?? "";
  let why = result.violation?.message ?? "";
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    const { violation } = await runSteps(target, steps);
    if (violation !== undefined && violation.sort !== sort) target = await Target.start();
    if (violation?.sort !== sort) return false;
    why = violation.message;
    return true;
  };
  let target = await Target.start();
  const steps = await minimize(result.steps, fails);
  const text = `${kindName(kind)} case ${number}: ${why}\n${steps.map((step) => `  ${describeStep(step)}`).join("\n")}\n`;
  return { kind: kindName(kind), number, sort, text };
}
