import type { FlowSchema, PriorityLevelConfiguration } from "../../api/types/index.ts";
import type { Host, Timer } from "../../host/index.ts";
import type { UserInfo } from "../request.ts";
import { inPrecedence, type Matcher, matcherOf } from "./classification.ts";
import { FlowMetrics } from "./flow-metrics.ts";
import type { Flow, LimitedRequest, Limiter, Seat } from "./limiter.ts";
import { type LevelClient, PriorityLevel, type QueueSettings } from "./priority-level.ts";
import { allocateSeats, type SeatShares, seatLimits } from "./seat-allocation.ts";

/** Seats are shared out anew this often, while a level wants more than it has. */
const sharingMs = 10_000;
const exempt = "exempt";
const catchAll = "catch-all";
const everyone = ["system:authenticated", "system:unauthenticated"];

/**
 * API Priority and Fairness: sorts requests by the flow schemas into priority levels, each with a number of seats and
 * queues for those that find none. Levels lend each other seats that they do not need.
 */
export class FlowController implements Limiter {
  readonly levels = new Map<string, PriorityLevel>();
  readonly #host: Host;
  readonly #total: number;
  readonly #metrics: FlowMetrics;
  #schemas: readonly SchemaFlow[] = [];
  #last: SchemaFlow;
  #sharedMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  /** @param total seats of all levels */
  constructor(host: Host, total: number) {
    this.#host = host;
    this.#total = total;
    this.#metrics = new FlowMetrics(host, this);
    this.#last = this.#flow(catchAll, "", this.#level(catchAll, false), () => true, undefined);
    this.configure([], []);
  }

  get flows(): readonly SchemaFlow[] {
    return this.#schemas;
  }

  /** Takes what the cluster's objects say. Without the two levels that there must be, their first form counts. */
  configure(schemas: Iterable<FlowSchema>, levels: Iterable<PriorityLevelConfiguration>): void {
    const specs = new Map<string, PriorityLevelConfiguration>();
    for (const one of levels) specs.set(one.metadata.name ?? "", one);
    for (const [name, one] of [...mandatoryLevels, ...specs]) if (!specs.has(name)) specs.set(name, one);
    const limited = [...specs].filter(([, { spec }]) => spec.type !== "Exempt");
    const sharesOfAll = limited.reduce((sum, [, one]) => sum + sharesOf(one).shares, 0);
    for (const name of this.levels.keys()) if (!specs.has(name)) this.levels.delete(name);
    for (const [name, one] of specs) {
      const level = this.#level(name, one.spec.type === "Exempt");
      level.uid = one.metadata.uid ?? "";
      level.configure(seatLimits(this.#total, sharesOfAll, sharesOf(one)), queuesOf(one));
      level.resize(level.limits.nominal);
    }
    this.#sort([...schemas]);
  }

  flowOf(user: UserInfo, request: LimitedRequest): Flow {
    for (const flow of this.#schemas) if (flow.matches(user, request)) return flow;
    return this.#last;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #level(name: string, isExempt: boolean): PriorityLevel {
    const known = this.levels.get(name);
    if (known !== undefined && known.isExempt === isExempt) return known;
    const made = new PriorityLevel(name, isExempt, this.#host.clock, (width) => this.#share(name, width));
    this.levels.set(name, made);
    return made;
  }

  #flow(
    name: string,
    uid: string,
    level: PriorityLevel,
    matches: Matcher,
    distinguish: string | undefined,
  ): SchemaFlow {
    return new SchemaFlow(name, uid, level, matches, distinguish, this.#metrics);
  }

  /** Schemas of levels that there are not are passed over. */
  #sort(schemas: readonly FlowSchema[]): void {
    const known = new Map(this.#schemas.map((flow) => [flow.name, flow]));
    const flows = inPrecedence(schemas).flatMap((schema) => {
      const { name = "", uid = "" } = schema.metadata;
      const level = this.levels.get(schema.spec.priorityLevelConfiguration.name);
      if (level === undefined) return [];
      const made = this.#flow(name, uid, level, matcherOf(schema), schema.spec.distinguisherMethod?.type);
      made.takeOver(known.get(name));
      return [made];
    });
    const level = this.#level(exempt, true);
    const isMaster: Matcher = ({ groups }) => groups.includes("system:masters");
    if (!flows.some(({ name }) => name === exempt)) flows.unshift(this.#flow(exempt, "", level, isMaster, undefined));
    this.#schemas = flows;
    const last = flows.find(({ name }) => name === catchAll);
    this.#last = last ?? this.#flow(catchAll, "", this.#level(catchAll, false), isAnyone, "ByUser");
  }

  /** A level wants more than it has: what others do not need is lent to it. */
  #share(asking?: string, width = 0): void {
    const now = this.#host.clock.now();
    if (now - this.#sharedMs < sharingMs) return;
    this.#sharedMs = now;
    const limited = [...this.levels.values()].filter(({ isExempt }) => !isExempt);
    const total = limited.reduce((sum, { limits }) => sum + limits.nominal, 0);
    const claims = limited.map(({ name, limits, inUse, wanted: queued, demandMax }) => {
      // Who asks at this moment has not been counted yet.
      const wanted = Math.max(demandMax, inUse + queued + (name === asking ? width : 0));
      return { min: Math.max(limits.min, Math.min(limits.nominal, wanted)), max: limits.max, wanted };
    });
    const seats = allocateSeats(total, claims);
    for (const [i, level] of limited.entries()) {
      level.demandMax = level.inUse + level.wanted;
      level.resize(seats[i] ?? level.limits.nominal);
    }
    this.#timer?.cancel();
    this.#timer = this.#host.clock.setTimer(sharingMs, () => this.#shareAgain(limited));
  }

  /** While seats are lent, it is looked again whether they still should be. */
  #shareAgain(limited: readonly PriorityLevel[]): void {
    const isBusy = limited.some(({ demandMax, limits }) => demandMax > limits.nominal);
    if (isBusy) this.#share();
    else for (const level of limited) level.resize(level.limits.nominal);
  }
}

const isAnyone: Matcher = ({ groups }) => groups.some((group) => everyone.includes(group));

/** The requests of one flow schema. */
export class SchemaFlow implements Flow, LevelClient {
  readonly headers: Readonly<Record<string, string>>;
  readonly name: string;
  readonly level: PriorityLevel;
  readonly matches: Matcher;
  waiting = 0;
  executing = 0;
  seats = 0;
  readonly #distinguish: string | undefined;
  readonly #metrics: ReturnType<FlowMetrics["of"]>;
  readonly #free: Seat;
  #before: SchemaFlow | undefined;

  constructor(
    name: string,
    uid: string,
    level: PriorityLevel,
    matches: Matcher,
    distinguish: string | undefined,
    metrics: FlowMetrics,
  ) {
    this.name = name;
    this.level = level;
    this.matches = matches;
    this.#distinguish = distinguish;
    this.#metrics = metrics.of(level.name, name);
    this.#free = { give: () => level.give(this) };
    this.headers = { "x-kubernetes-pf-flowschema-uid": uid, "x-kubernetes-pf-prioritylevel-uid": level.uid };
  }

  /** Those that the flow had before its schema changed still count until they end. */
  takeOver(before: SchemaFlow | undefined): void {
    if (before !== undefined && before.executing + before.waiting > 0) this.#before = before;
  }

  get counts(): { readonly waiting: number; readonly executing: number; readonly seats: number } {
    const before = this.#before?.counts;
    return {
      waiting: this.waiting + (before?.waiting ?? 0),
      executing: this.executing + (before?.executing ?? 0),
      seats: this.seats + (before?.seats ?? 0),
    };
  }

  get retryAfterSeconds(): number {
    return this.level.retryAfter.seconds;
  }

  take(
    user: UserInfo,
    request: LimitedRequest,
    seats?: number,
    deadlineMs?: number,
  ): Seat | undefined | Promise<Seat | undefined> {
    const seat = this.level.take(this, this.#free, () => this.#flowName(user, request), seats, deadlineMs);
    if (seat !== undefined && !(seat instanceof Promise)) this.#metrics.dispatched.inc();
    return seat;
  }

  rejected(reason: string): void {
    this.#metrics.rejected(reason);
  }

  waited(seconds: number, executes: boolean): void {
    this.#metrics.waited(seconds, executes);
    if (executes) this.#metrics.dispatched.inc();
  }

  #flowName(user: UserInfo, { namespace }: LimitedRequest): string {
    const by = this.#distinguish;
    const distinguisher = by === "ByUser" ? user.name : by === "ByNamespace" ? namespace : "";
    return `${this.name}\u0000${distinguisher}`;
  }
}

function sharesOf({ spec }: PriorityLevelConfiguration): SeatShares {
  const { nominalConcurrencyShares = 30, lendablePercent = 0, borrowingLimitPercent } = spec.limited ?? {};
  return { shares: nominalConcurrencyShares, lendablePercent, borrowingLimitPercent };
}

/** Undefined where requests without a seat are refused at once. */
function queuesOf({ spec }: PriorityLevelConfiguration): QueueSettings | undefined {
  const { type, queuing = {} } = spec.limited?.limitResponse ?? {};
  if (type !== "Queue") return undefined;
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing;
  return { queues, handSize, lengthMax: queueLengthLimit };
}

const mandatoryLevels: ReadonlyMap<string, PriorityLevelConfiguration> = new Map([
  [exempt, mandatory(exempt, { type: "Exempt" })],
  [
    catchAll,
    mandatory(catchAll, {
      type: "Limited",
      limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } },
    }),
  ],
]);

function mandatory(name: string, spec: PriorityLevelConfiguration["spec"]): PriorityLevelConfiguration {
  const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
  return { apiVersion, kind: "PriorityLevelConfiguration", metadata: { name }, spec };
}
