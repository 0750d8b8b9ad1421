import { errors, negateQuantity } from "../../api/meta/index.ts";
import type { ResourceQuota } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import type { Entry, Store } from "../../store/index.ts";
import type { Attributes } from "./admission.ts";
import { type Charge, charged, chargesOf, type QuotaConfiguration } from "./quota-check.ts";

const chargeAttemptsMax = 10;
/** So long a count may not know of an object that has just been written. */
const settlingMs = 250;
/** A namespace in which something is always being written is counted all the same. */
const patienceMs = 3000;

/** A change that waits to be charged, or a charge to be given back. */
interface Waiting {
  charges(quotas: readonly ResourceQuota[]): readonly Charge[];
  readonly dryRun: boolean;
  resolve(charges: readonly Charge[]): void;
  reject(error: unknown): void;
}

interface Namespace {
  waiting: Waiting[];
  running: boolean;
  /** Charges whose objects are neither written nor given up. */
  inFlight: number;
  settledMs: number;
  /** Since when counts have been refused. */
  refusedSinceMs: number | undefined;
}

/**
 * Charges quotas. Whatever waits in a namespace is charged by one write to the store, of which all quotas or none
 * change; so the sum is right however many come at once.
 */
export class QuotaLedger {
  readonly #host: Host;
  readonly #store: Store;
  readonly #prefix: string;
  readonly #configuration: QuotaConfiguration;
  readonly #namespaces = new Map<string, Namespace>();

  constructor(host: Host, store: Store, prefix: string, configuration: QuotaConfiguration) {
    this.#host = host;
    this.#store = store;
    this.#prefix = prefix;
    this.#configuration = configuration;
  }

  /** @throws ApiError 403 when a quota does not suffice. */
  async charge(attributes: Attributes): Promise<void> {
    const { namespace, dryRun } = attributes;
    const limits = (this.#configuration.limitedResources?.length ?? 0) > 0;
    if (!limits && (await this.#quotas(namespace)).length === 0) return;
    const charges = await this.#wait(namespace, dryRun, (quotas) =>
      chargesOf(attributes, quotas, this.#host.clock.now(), this.#configuration),
    );
    if (charges.length === 0 || dryRun) return;
    const state = this.#stateOf(namespace);
    if (attributes.onSettled === undefined) return;
    state.inFlight++;
    attributes.onSettled((written) => {
      state.inFlight--;
      state.settledMs = this.#host.clock.now();
      if (!written) void this.#giveBack(namespace, charges);
    });
  }

  /** Whether a count can know of everything that is charged in the namespace. */
  mayLower(namespace: string): boolean {
    const state = this.#namespaces.get(namespace);
    if (state === undefined) return true;
    const now = this.#host.clock.now();
    if (state.inFlight === 0 && now - state.settledMs >= settlingMs) {
      this.#namespaces.delete(namespace);
      return true;
    }
    state.refusedSinceMs ??= now;
    if (now - state.refusedSinceMs < patienceMs) return false;
    state.refusedSinceMs = undefined;
    return true;
  }

  async #giveBack(namespace: string, charges: readonly Charge[]): Promise<void> {
    const negative = charges.map(({ quota, amounts }) => ({
      quota,
      amounts: new Map([...amounts].map(([name, amount]) => [name, negateQuantity(amount)])),
    }));
    try {
      await this.#wait(namespace, false, (quotas) =>
        negative.filter(({ quota }) => quotas.some(({ metadata }) => metadata.name === quota)),
      );
    } catch (error) {
      // The next count of the controller puts it right.
      this.#host.log.warn("a quota keeps the charge of an object that was not written", {
        namespace,
        error: String(error),
      });
    }
  }

  #stateOf(namespace: string): Namespace {
    let state = this.#namespaces.get(namespace);
    if (state === undefined) {
      state = { waiting: [], running: false, inFlight: 0, settledMs: 0, refusedSinceMs: undefined };
      this.#namespaces.set(namespace, state);
    }
    return state;
  }

  #wait(
    namespace: string,
    dryRun: boolean,
    charges: (quotas: readonly ResourceQuota[]) => readonly Charge[],
  ): Promise<readonly Charge[]> {
    const state = this.#stateOf(namespace);
    const { promise, resolve, reject } = Promise.withResolvers<readonly Charge[]>();
    state.waiting.push({ charges, dryRun, resolve, reject });
    if (!state.running) void this.#run(namespace, state);
    return promise;
  }

  async #run(namespace: string, state: Namespace): Promise<void> {
    state.running = true;
    while (state.waiting.length > 0) {
      const batch = state.waiting;
      state.waiting = [];
      try {
        await this.#chargeAll(namespace, batch);
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    state.running = false;
  }

  /** Anew on the newest quotas when somebody else wrote one meanwhile. */
  async #chargeAll(namespace: string, batch: readonly Waiting[]): Promise<void> {
    for (let attempt = 1; attempt <= chargeAttemptsMax; attempt++) {
      const entries = await this.#quotas(namespace);
      const { settle, changed } = decide(batch, entries);
      if (changed.size === 0 || (await this.#write(entries, changed))) {
        settle();
        return;
      }
    }
    throw errors.conflict(
      { group: "", resource: "resourcequotas" },
      "",
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  }

  async #write(entries: readonly Entry[], changed: ReadonlyMap<string, ResourceQuota>): Promise<boolean> {
    const touched = entries.filter(({ key }) => changed.has(key));
    const result = await this.#store.commit({
      compare: touched.map(({ key, revision }) => ({ key, revision })),
      operations: [...changed].map(([key, object]) => ({ type: "put", key, object }) as const),
    });
    return result.committed;
  }

  async #quotas(namespace: string): Promise<Entry[]> {
    return [...(await this.#store.list(`${this.#prefix}/${namespace}/`)).entries()];
  }
}

/** One after the other on what those before have left. */
function decide(batch: readonly Waiting[], entries: readonly Entry[]) {
  const current = new Map<string, ResourceQuota>(entries.map(({ key, object }) => [key, object as ResourceQuota]));
  const changed = new Map<string, ResourceQuota>();
  const outcomes: (() => void)[] = [];
  for (const one of batch) {
    try {
      const charges = one.charges([...current.values()]);
      outcomes.push(() => one.resolve(charges));
      if (one.dryRun) continue;
      for (const [key, quota] of current) {
        const charge = charges.find((each) => each.quota === quota.metadata.name);
        if (charge === undefined || charge.amounts.size === 0) continue;
        const next = charged(quota, charge.amounts);
        current.set(key, next);
        changed.set(key, next);
      }
    } catch (error) {
      outcomes.push(() => one.reject(error));
    }
  }
  const settle = (): void => {
    for (const outcome of outcomes) outcome();
  };
  return { settle, changed };
}
