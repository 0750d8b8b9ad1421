// Random histories of a store, compared with what a twin without any cleverness says of them.
import fc from "fast-check";
import { expect } from "vitest";
import type { Entry, Revision, Store, Txn, TxnResult } from "./index.ts";
import { contentOf, dataOf, put, RecordingSink, remove, type State } from "./store-probe.ts";

export type Step =
  | { readonly kind: "commit"; readonly keys: readonly string[]; readonly deletes: boolean; readonly stale: boolean }
  | { readonly kind: "watch"; readonly prefix: string; readonly back: number };

const keyArbitrary = fc.constantFrom("/p/a/1", "/p/a/2", "/p/b/1", "/q/a/1", "/q/1");
export const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("commit" as const),
      keys: fc.uniqueArray(keyArbitrary, { minLength: 1, maxLength: 3 }),
      deletes: fc.boolean(),
      stale: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("watch" as const),
      prefix: fc.constantFrom("", "/p/", "/p/a/", "/p/a/1", "/q/"),
      back: fc.nat(5),
    }),
  },
);

interface Attempt {
  readonly txn: Txn;
  readonly result: TxnResult;
}

/** Runs the steps, those of a turn at once, and replays what was committed on plain maps. */
export async function compareWithTwin(store: Store, turns: readonly Step[][]): Promise<void> {
  const attempts: Attempt[] = [];
  const watches: { prefix: string; after: Revision; sink: RecordingSink }[] = [];
  let value = 0;
  for (const turn of turns) {
    const running: Promise<void>[] = [];
    for (const step of turn) {
      if (step.kind === "watch") {
        const watch = {
          prefix: step.prefix,
          after: Math.max(0, store.revision - step.back),
          sink: new RecordingSink(),
        };
        store.watch(watch.prefix, watch.after, watch.sink);
        watches.push(watch);
      } else {
        value++;
        running.push(attempt(store, step, String(value)).then((made) => void attempts.push(made)));
      }
    }
    await Promise.all(running);
  }
  const history = replay(attempts);
  expect(store.revision).toBe(history.length - 1);
  for (const [revision, { state }] of history.entries()) expect(await contentOf(store, "", revision)).toEqual(state);
  const lines = history.flatMap((commit) => commit.lines);
  for (const { prefix, after, sink } of watches) {
    const expected = lines.filter((line) => line.revision > after && line.key.startsWith(prefix));
    expect(sink.lines).toEqual(expected.map((line) => line.text));
  }
}

async function attempt(store: Store, step: Step & { kind: "commit" }, data: string): Promise<Attempt> {
  const current = await Promise.all(step.keys.map((key) => store.get(key)));
  const compare = step.keys.map((key, i) => ({ key, revision: step.stale ? 1 : (current[i]?.revision ?? 0) }));
  const operations = step.keys.map((key, i) => (step.deletes && i === 0 ? remove(key) : put(key, data)));
  const txn = { compare, operations };
  return { txn, result: await store.commit(txn) };
}

interface TwinCommit {
  readonly state: State;
  readonly lines: readonly { readonly revision: Revision; readonly key: string; readonly text: string }[];
}

/** Replays commits by revision, checking that there are no gaps and that each could be made where it stands. */
function replay(attempts: readonly Attempt[]): TwinCommit[] {
  const history: TwinCommit[] = [{ state: {}, lines: [] }];
  let state: State = {};
  const versions = new Map<string, Revision>();
  const made = attempts.flatMap(({ txn, result }) => (result.committed ? [{ txn, revision: result.revision }] : []));
  made.sort((a, b) => a.revision - b.revision);
  for (const { txn, revision } of made) {
    expect(revision).toBe(history.length);
    for (const { key, revision: expected } of txn.compare) expect(versions.get(key) ?? 0).toBe(expected);
    state = { ...state };
    const lines = txn.operations.map((operation) => {
      const { type, key } = operation;
      const data = type === "put" ? dataOf({ object: operation.object } as Entry) : state[key];
      const text = `${revision} ${type} ${key} ${data} ${revision} was ${versions.get(key) ?? 0}`;
      if (type === "put") {
        state[key] = data;
        versions.set(key, revision);
      } else {
        delete state[key];
        versions.delete(key);
      }
      return { revision, key, text };
    });
    history.push({ state, lines });
  }
  for (const { txn, result } of attempts) if (!result.committed) expectRefusalPossible(txn, result.current, history);
  return history;
}

/** A refusal tells a state that was once true and in which the transaction does not hold. */
function expectRefusalPossible(
  txn: Txn,
  current: readonly (Entry | undefined)[],
  history: readonly TwinCommit[],
): void {
  const told = txn.compare.map(({ key }, i) => [key, dataOf(current[i])]);
  const wasTrue = history.some(({ state }) => told.every(([key, data]) => state[String(key)] === data));
  expect(wasTrue).toBe(true);
  const differs = txn.compare.some(({ revision }, i) => (current[i]?.revision ?? 0) !== revision);
  const deletesNothing = txn.operations.some(
    (operation) =>
      operation.type === "delete" && told.some(([key, data]) => key === operation.key && data === undefined),
  );
  expect(differs || deletesNothing).toBe(true);
}
