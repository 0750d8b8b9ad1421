import { isReason, type KubeObject, keyOf, keyString, type ObjectKey, parseKeyString } from "../api/meta/index.ts";
import { type Host, type Logger, sleep } from "../host/index.ts";
import { type Backoff, WorkQueue } from "./work-queue.ts";

/** What came of working on a key; throwing instead means: again, after a delay that grows with each failure. */
export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly afterMs: number }
  | { readonly kind: "never"; readonly why: string };

export const done: Outcome = { kind: "done" };
export function again(afterMs: number): Outcome {
  return { kind: "again", afterMs };
}
export function never(why: string): Outcome {
  return { kind: "never", why };
}

export interface ReconcileContext {
  readonly host: Host;
  readonly log: Logger;
  /** Aborted when the controller stops. */
  readonly signal: AbortSignal;
  /** How many tries failed just before this one. */
  readonly failures: number;
}

/** Reads what is true now and moves it one step towards what is wanted; never learns what woke it. */
export type Reconciler = (key: ObjectKey, context: ReconcileContext) => Promise<Outcome>;

export interface ControllerOptions {
  /** Names the queue in metrics and the controller in logs. */
  readonly name: string;
  readonly host: Host;
  readonly reconcile: Reconciler;
  /** Keys worked on at once. Default 5. */
  readonly workers?: number;
  /** Work begins when all of these have synced. */
  readonly synced?: readonly Syncing[];
  readonly backoff?: Backoff;
}

export interface Syncing {
  whenSynced(): Promise<void>;
}

export interface Controller {
  readonly queue: WorkQueue;
  /** Adds the key of the object. */
  enqueue(object: Pick<KubeObject, "metadata">): void;
  /** Lets the work that has begun end; nothing new begins. */
  stop(): Promise<void>;
}

const defaultWorkers = 5;
/**
 * In process everything a controller waits for is done within the same turn of the event loop: one that is never
 * satisfied, or has much to do, would keep connections and timers from being served. So all its workers together let them
 * have their turn after so many keys.
 */
const keysPerTurn = 64;

/** Runs a reconciler over the keys of its queue; what fills the queue (informer handlers, timers) is the caller's. */
export function runController(options: ControllerOptions): Controller {
  const { name, host, reconcile } = options;
  const log = host.log.with({ controller: name });
  const stopping = new AbortController();
  const queue = new WorkQueue({ name, host, backoff: options.backoff });

  const work = async (text: string): Promise<void> => {
    const context = { host, log, signal: stopping.signal, failures: queue.retries(text) };
    try {
      settle(text, await reconcile(parseKeyString(text), context));
    } catch (error) {
      if (!stopping.signal.aborted) logFailure(log, text, error);
      queue.addRateLimited(text);
    } finally {
      queue.done(text);
    }
  };
  const settle = (text: string, outcome: Outcome): void => {
    queue.forget(text);
    switch (outcome.kind) {
      case "done":
        return;
      case "again":
        queue.addAfter(text, outcome.afterMs);
        return;
      case "never":
        log.warn("gave up", { key: text, why: outcome.why });
        return;
      default:
        outcome satisfies never;
    }
  };
  let keys = 0;
  let othersTurn: Promise<void> | undefined;
  const giveWay = async (): Promise<void> => {
    await sleep(host.clock, 0);
    keys = 0;
    othersTurn = undefined;
  };
  const workLoop = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await work(key);
      if (++keys >= keysPerTurn) othersTurn ??= giveWay();
      if (othersTurn !== undefined) await othersTurn;
    }
  };
  const begin = async (): Promise<void> => {
    await Promise.all((options.synced ?? []).map((informer) => informer.whenSynced()));
    await Promise.all(Array.from({ length: options.workers ?? defaultWorkers }, workLoop));
  };
  const running = begin();

  return {
    queue,
    enqueue: (object) => queue.add(keyString(keyOf(object))),
    stop: async () => {
      stopping.abort(new Error(`${name} stops`));
      const drained = queue.shutdown();
      queue.clear();
      await drained;
      // Workers that wait for informers of a stopped factory never begin; there is nothing of theirs to wait for.
      void running;
    },
  };
}

/** Conflicts are how controllers learn that their view is old: the next try sees the newer object. */
function logFailure(log: Logger, key: string, error: unknown): void {
  if (isReason(error, "Conflict")) log.debug("the object changed meanwhile, trying again", { key });
  else log.warn("failed, trying again", { key, error: error instanceof Error ? error.message : String(error) });
}
