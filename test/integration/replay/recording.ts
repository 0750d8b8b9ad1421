import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JsonValue } from "../../../src/api/meta/index.ts";

/** A request to the original API server and what it answered; without `expect` the answer varies from run to run. */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly ct?: string;
  readonly accept?: string;
  readonly body?: JsonValue;
  readonly expect?: RecordedAnswer;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly body: JsonValue;
}

/** Steps that build on each other, in a namespace of their own. */
export interface Case {
  readonly id: string;
  readonly kind: string;
  readonly steps: readonly Step[];
  readonly cleanup?: readonly string[];
}

/** What the recording's own library offers: placeholders, and how far two answers agree. */
export interface Oracle {
  environment(): { ns: string; sfx: string; ip: string };
  fill<T>(value: T, environment: object): T;
  normalize<T>(value: T, environment: object): T;
  compare(want: RecordedAnswer, got: RecordedAnswer): { code: boolean; shape: boolean; text: boolean; why?: string };
}

const shared = new URL("../../../../shared/", import.meta.url);
const exchanges = fileURLToPath(new URL("spec/recorded/exchanges.jsonl", shared));

/** Why the recording cannot be played, or undefined. */
export const missingRecording = existsSync(exchanges) ? undefined : `there is no recording at ${exchanges}`;

export function recordedCases(): Case[] {
  const lines = readFileSync(exchanges, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Case);
}

export async function loadOracle(): Promise<Oracle> {
  return (await import(new URL("tools/oracle-lib.mjs", shared).href)) as Oracle;
}
