import type { Entry, Operation, Revision, Snapshot, Store, Compare as StoreCompare } from "../store.ts";
import { KeyRange, keyText } from "./key-range.ts";
import type { KeyValues } from "./key-values.ts";
import type { Leases } from "./leases.ts";
import type {
  Compare,
  DeleteRangeRequest,
  KeyValue,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "./messages.ts";
import { rangeAnswer } from "./range.ts";
import { refusals } from "./refusal.ts";

/** etcd's default bound. */
const operationsMax = 128;
/** Others may write the same keys meanwhile; after so many tries the client is told to come again. */
const attemptsMax = 10;

type Answer = Record<string, unknown>;

/** What a request does, decided on one state of the store: which answer each step gets once the writes are made. */
interface Step {
  answer(after: (key: string) => Entry | undefined, snapshot: Snapshot): Answer;
}

/** Writes of one transaction and on what they rest. */
class Plan {
  readonly operations: Operation[] = [];
  readonly compare = new Map<string, Revision>();
  readonly written = new Map<string, "put" | "delete">();
  readonly steps: Step[] = [];
  readonly snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  entry(key: string): Entry | undefined {
    const [entry] = entriesOf(new KeyRange(Buffer.from(key), Buffer.alloc(0)), this.snapshot);
    return entry;
  }

  restOn(key: string, entry: Entry | undefined): void {
    this.compare.set(key, entry?.revision ?? 0);
  }

  write(operation: Operation): void {
    const before = this.written.get(operation.key);
    if (before === "put" || (before === "delete" && operation.type === "put")) throw refusals.duplicateKey();
    if (before === "delete") return; // two ranges that overlap
    this.written.set(operation.key, operation.type);
    this.operations.push(operation);
  }
}

/** etcd's Put, DeleteRange and Txn as transactions of the store, which compare what they were decided on. */
export class Transactions {
  readonly #store: Store;
  readonly #values: KeyValues;
  readonly #leases: Leases;

  constructor(store: Store, values: KeyValues, leases: Leases) {
    this.#store = store;
    this.#values = values;
    this.#leases = leases;
  }

  /** @throws Refusal */
  async txn(request: TxnRequest): Promise<{ revision: Revision; answer: Answer }> {
    checkCounts(request);
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const plan = new Plan(await this.#store.list(""));
      const answer = await this.#plan(plan, request);
      const done = await this.#commit(plan);
      if (done !== undefined) return { revision: done.revision, answer: answer(done) };
    }
    throw refusals.conflict();
  }

  /** The answers to single requests: those of a transaction without conditions. @throws Refusal */
  async single(request: RequestOp): Promise<{ revision: Revision; answer: Answer }> {
    const { revision, answer } = await this.txn({ compare: [], success: [request], failure: [] });
    const [response] = answer.responses as Answer[];
    return { revision, answer: Object.values(response ?? {})[0] as Answer };
  }

  async #plan(plan: Plan, request: TxnRequest): Promise<(done: Done) => Answer> {
    const succeeded = request.compare.every((compare) => this.#holds(plan, compare));
    const parts: ((done: Done) => Answer)[] = [];
    for (const operation of succeeded ? request.success : request.failure) {
      parts.push(await this.#planOne(plan, operation));
    }
    return (done) => ({ succeeded, responses: parts.map((part) => withHeader(part(done), done.revision)) });
  }

  async #planOne(plan: Plan, operation: RequestOp): Promise<(done: Done) => Answer> {
    if (operation.requestRange) {
      const range = operation.requestRange;
      const before = new Set(plan.written.keys());
      return (done) => ({ responseRange: this.#rangeAfter(range, plan, before, done) });
    }
    if (operation.requestPut) {
      const prevKv = await this.#planPut(plan, operation.requestPut);
      return () => ({ responsePut: { prevKv } });
    }
    if (operation.requestDeleteRange) {
      const deleted = await this.#planDelete(plan, operation.requestDeleteRange);
      return () => ({ responseDeleteRange: deleted });
    }
    if (operation.requestTxn) {
      const nested = await this.#plan(plan, operation.requestTxn);
      return (done) => ({ responseTxn: nested(done) });
    }
    return () => ({});
  }

  async #planPut(plan: Plan, request: PutRequest): Promise<KeyValue | undefined> {
    if (request.key.length === 0) throw refusals.emptyKey();
    const key = keyText(request.key);
    const previous = plan.entry(key);
    if ((request.ignoreValue || request.ignoreLease) && previous === undefined) throw refusals.keyNotFound();
    if (request.ignoreValue && request.value.length > 0) throw refusals.valueProvided();
    if (request.ignoreLease && request.lease !== "0") throw refusals.leaseProvided();
    const value = request.ignoreValue && previous ? this.#values.valueOf(previous) : request.value;
    const lease = request.ignoreLease && previous ? this.#values.leaseOf(previous) : request.lease;
    plan.restOn(key, previous);
    plan.write({ type: "put", key, object: this.#values.toObject(key, value) });
    await this.#attach(plan, key, lease === "0" ? undefined : lease);
    return request.prevKv && previous ? this.#values.of(previous) : undefined;
  }

  async #planDelete(plan: Plan, request: DeleteRangeRequest): Promise<Answer> {
    const prevKvs: KeyValue[] = [];
    let deleted = 0;
    for (const entry of entriesOf(new KeyRange(request.key, request.rangeEnd), plan.snapshot)) {
      plan.restOn(entry.key, entry);
      plan.write({ type: "delete", key: entry.key });
      await this.#attach(plan, entry.key, undefined);
      deleted++;
      if (request.prevKv) prevKvs.push(this.#values.of(entry));
    }
    return { deleted, prevKvs };
  }

  async #attach(plan: Plan, key: string, lease: string | undefined): Promise<void> {
    const { compare, operations } = await this.#leases.beside(key, lease);
    for (const one of compare) plan.compare.set(one.key, one.revision);
    for (const operation of operations) plan.write(operation);
  }

  #holds(plan: Plan, compare: Compare): boolean {
    const range = new KeyRange(compare.key, compare.rangeEnd);
    const entries = entriesOf(range, plan.snapshot);
    for (const entry of entries) plan.restOn(entry.key, entry);
    if (range.to === undefined && entries.length === 0) {
      plan.restOn(range.from, undefined);
      // A key that is not there has no value to compare; its numbers are zero.
      return compare.target !== "VALUE" && compares(compare, 0n, numberOf(compare));
    }
    return entries.every((entry) => this.#compareOne(compare, entry));
  }

  #compareOne(compare: Compare, entry: Entry): boolean {
    if (compare.target === "VALUE") {
      return compares(
        compare,
        BigInt(Buffer.compare(this.#values.valueOf(entry), compare.value ?? Buffer.alloc(0))),
        0n,
      );
    }
    const actual = {
      VERSION: () => this.#values.versionOf(entry),
      CREATE: () => entry.createRevision,
      MOD: () => entry.revision,
      LEASE: () => this.#values.leaseOf(entry),
    }[compare.target]();
    return compares(compare, BigInt(actual), numberOf(compare));
  }

  /** What a range sees that comes after some of the writes. */
  #rangeAfter(request: RangeRequest, plan: Plan, before: ReadonlySet<string>, done: Done): Answer {
    if (Number(request.revision) > 0 || before.size === 0) {
      return rangeAnswer(request, entriesOf(new KeyRange(request.key, request.rangeEnd), plan.snapshot), this.#values);
    }
    const range = new KeyRange(request.key, request.rangeEnd);
    const seen = new Map(entriesOf(range, plan.snapshot).map((entry) => [entry.key, entry]));
    for (const key of before) {
      if (!range.includes(key)) continue;
      const entry = done.entries.get(key);
      if (plan.written.get(key) === "delete" || entry === undefined) seen.delete(key);
      else seen.set(key, entry);
    }
    const sorted = [...seen.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return rangeAnswer(request, sorted, this.#values);
  }

  /** Undefined when what it rests on has changed. */
  async #commit(plan: Plan): Promise<Done | undefined> {
    if (plan.operations.length === 0) return { revision: plan.snapshot.revision, entries: new Map() };
    const compare = [...plan.compare].map(([key, revision]): StoreCompare => ({ key, revision }));
    const result = await this.#store.commit({ compare, operations: plan.operations });
    if (!result.committed) return undefined;
    const entries = new Map(result.entries.map((entry) => [entry.key, entry]));
    return { revision: result.revision, entries };
  }
}

interface Done {
  readonly revision: Revision;
  /** What was written, by key. */
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Clients take the revision of what they wrote from the answer to their step, not from the transaction's. */
function withHeader(step: Answer, revision: Revision): Answer {
  return Object.fromEntries(
    Object.entries(step).map(([name, answer]) => [name, { header: { revision }, ...(answer as Answer) }]),
  );
}

function entriesOf(range: KeyRange, snapshot: Snapshot): Entry[] {
  return [...range.entriesOf(snapshot)];
}

function checkCounts({ compare, success, failure }: TxnRequest): void {
  if (Math.max(compare.length, success.length, failure.length) > operationsMax) throw refusals.tooManyOperations();
  for (const { requestTxn } of [...success, ...failure]) if (requestTxn) checkCounts(requestTxn);
}

function numberOf({ target, version, createRevision, modRevision, lease }: Compare): bigint {
  const given = { VERSION: version, CREATE: createRevision, MOD: modRevision, LEASE: lease, VALUE: undefined }[target];
  return BigInt(given ?? "0");
}

function compares({ result }: Compare, actual: bigint, wanted: bigint): boolean {
  switch (result) {
    case "EQUAL":
      return actual === wanted;
    case "NOT_EQUAL":
      return actual !== wanted;
    case "GREATER":
      return actual > wanted;
    case "LESS":
      return actual < wanted;
  }
}
