import { compareQuantity, parseQuantity, subQuantity } from "../../../api/meta/index.ts";
import { isTolerated } from "../../../api/placement/index.ts";
import type {
  AllocationResult,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  NodeSelector,
  ResourceClaimResourceV1 as ResourceClaim,
} from "../../../api/types/index.ts";
import type { NodeInfo } from "../../node-info.ts";
import { devicesFor, type Pool, type PublishedDevice } from "./inventory.ts";
import { selectedBy } from "./selectors.ts";

/** Devices for one claim at most, as the API bounds the results. */
const devicesPerClaimMax = 32;
/** A search that tries more than this gives up, so that one pod cannot hold the scheduler. */
const stepsMax = 100_000;

/** What an allocation starts from. */
export interface AllocationState {
  readonly pools: readonly Pool[];
  readonly classOf: (name: string) => DeviceClass | undefined;
  /** Ids of devices that nobody else may have. */
  readonly taken: ReadonlySet<string>;
}

/** One request with its choice of subrequest made. */
interface Wanted {
  /** `request`, or `request/subrequest`. */
  readonly name: string;
  readonly spec: ExactDeviceRequest | DeviceSubRequest;
  readonly adminAccess: boolean;
}

interface Picked {
  readonly wanted: Wanted;
  readonly device: PublishedDevice;
}

/**
 * Devices on the node for all claims, or nothing when there are not enough: a search that tries devices in the order in
 * which they are published, and the alternatives of a request in theirs.
 * @throws when a selector cannot be evaluated, or the search takes too long.
 */
export function allocate(
  claims: readonly ResourceClaim[],
  node: NodeInfo,
  state: AllocationState,
): readonly AllocationResult[] | undefined {
  const search = new Search(node, state);
  const results: AllocationResult[] = [];
  const claimAt = (i: number): boolean => {
    const claim = claims[i];
    if (claim === undefined) return true;
    return search.claim(claim, (picked) => {
      results[i] = resultOf(claim, picked, state);
      return claimAt(i + 1);
    });
  };
  return claimAt(0) ? results : undefined;
}

class Search {
  readonly #state: AllocationState;
  readonly #taken: Set<string>;
  readonly #devices: readonly PublishedDevice[];
  readonly #hasIncompletePool: boolean;
  readonly #matches = new Map<Wanted["spec"], readonly PublishedDevice[]>();
  #steps = 0;

  constructor(node: NodeInfo, state: AllocationState) {
    this.#state = state;
    this.#taken = new Set(state.taken);
    const complete = state.pools.filter(({ isComplete }) => isComplete);
    this.#devices = complete.flatMap((pool) => devicesFor(node, pool));
    this.#hasIncompletePool = state.pools.some((pool) => !pool.isComplete && devicesFor(node, pool).length > 0);
  }

  /** Picks devices for all requests of a claim; `next` says whether what follows works out too. */
  claim({ spec }: ResourceClaim, next: (picked: readonly Picked[]) => boolean): boolean {
    const requests = spec.devices?.requests ?? [];
    const constraints = spec.devices?.constraints ?? [];
    const picked: Picked[] = [];
    const requestAt = (i: number): boolean => {
      const request = requests[i];
      if (request === undefined) return next([...picked]);
      return alternatives(request).some((wanted) => this.#request(wanted, picked, constraints, () => requestAt(i + 1)));
    };
    return requestAt(0);
  }

  #request(wanted: Wanted, picked: Picked[], constraints: readonly DeviceConstraint[], next: () => boolean): boolean {
    const candidates = this.#candidates(wanted.spec);
    if (wanted.spec.allocationMode === "All") {
      if (this.#hasIncompletePool || candidates.length === 0) return false;
      return this.#pick(wanted, candidates, candidates.length, picked, constraints, next);
    }
    return this.#pick(wanted, candidates, wanted.spec.count ?? 1, picked, constraints, next);
  }

  /** Takes `count` of the candidates, in order, going back when what follows does not work out. */
  #pick(
    wanted: Wanted,
    candidates: readonly PublishedDevice[],
    count: number,
    picked: Picked[],
    constraints: readonly DeviceConstraint[],
    next: () => boolean,
  ): boolean {
    if (count === 0) return next();
    for (let i = 0; i + count <= candidates.length; i++) {
      if (++this.#steps > stepsMax) throw new Error("context deadline exceeded");
      const device = candidates[i];
      if (!device || picked.length >= devicesPerClaimMax || !this.#isFree(wanted, device)) continue;
      const choice = { wanted, device };
      if (!constraints.every((constraint) => holds(constraint, [...picked, choice]))) continue;
      picked.push(choice);
      if (!wanted.adminAccess) this.#taken.add(device.id);
      if (this.#pick(wanted, candidates.slice(i + 1), count - 1, picked, constraints, next)) return true;
      picked.pop();
      if (!wanted.adminAccess) this.#taken.delete(device.id);
    }
    return false;
  }

  #isFree({ adminAccess }: Wanted, { id, driver, pool, device }: PublishedDevice): boolean {
    if (adminAccess) return true;
    if (this.#taken.has(id)) return false;
    const shared = device.consumesCounters;
    if (!shared?.length) return true;
    const from = this.#state.pools.find((known) => known.driver === driver && known.name === pool);
    return from !== undefined && hasCounters(from, device.name, this.#taken);
  }

  /** Devices that the request wants, free or not. */
  #candidates(spec: Wanted["spec"]): readonly PublishedDevice[] {
    const known = this.#matches.get(spec);
    if (known) return known;
    const selectors: readonly DeviceSelector[] = [
      ...(this.#state.classOf(spec.deviceClassName)?.spec.selectors ?? []),
      ...(spec.selectors ?? []),
    ];
    const found = this.#devices.filter(
      (device) => isUntainted(device, spec.tolerations) && selectedBy(selectors, device),
    );
    this.#matches.set(spec, found);
    return found;
  }
}

function alternatives({ name, exactly, firstAvailable = [] }: DeviceRequest): Wanted[] {
  if (exactly) return [{ name, spec: exactly, adminAccess: exactly.adminAccess === true }];
  return firstAvailable.map((spec) => ({ name: `${name}/${spec.name}`, spec, adminAccess: false }));
}

/** NoSchedule and NoExecute taints of a device keep claims away that do not tolerate them. */
function isUntainted({ device }: PublishedDevice, tolerations: readonly DeviceToleration[] | undefined): boolean {
  return (device.taints ?? []).every(
    (taint) => !["NoSchedule", "NoExecute"].includes(taint.effect) || isTolerated(taint, tolerations),
  );
}

/** Whether the devices picked so far may go together. */
function holds(
  { matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint,
  picked: readonly Picked[],
): boolean {
  const attribute = matchAttribute ?? distinctAttribute;
  if (attribute === undefined) return true;
  const isMeant = ({ wanted: { name } }: Picked) =>
    requests.length === 0 || requests.includes(name) || requests.includes(name.split("/")[0] ?? name);
  const values = picked.filter(isMeant).map(({ device }) => attributeOf(device, attribute));
  if (values.includes(undefined)) return false;
  const distinct = new Set(values).size;
  return matchAttribute === undefined ? distinct === values.length : distinct <= 1;
}

/** By its whole name; the driver's own attributes may be published without the domain. */
function attributeOf({ driver, device }: PublishedDevice, name: string): string | undefined {
  const attributes = device.attributes ?? {};
  const short = name.startsWith(`${driver}/`) ? name.slice(driver.length + 1) : undefined;
  const value = attributes[name] ?? (short === undefined ? undefined : attributes[short]);
  return value === undefined ? undefined : JSON.stringify(value);
}

/** Whether the counters that devices share are enough for this one beside those taken. */
function hasCounters(
  { driver, name: pool, slices, counters }: Pool,
  wanted: string,
  taken: ReadonlySet<string>,
): boolean {
  const left = new Map([...counters].map(([counter, value]) => [counter, parseQuantity(value)]));
  const devices = slices.flatMap(({ spec }) => spec.devices ?? []);
  const using = devices.filter(({ name }) => name === wanted || taken.has(`${driver}/${pool}/${name}`));
  for (const { consumesCounters = [] } of using) {
    for (const { counterSet, counters: consumed } of consumesCounters) {
      for (const [counter, { value }] of Object.entries(consumed)) {
        const key = `${counterSet}/${counter}`;
        const rest = left.get(key);
        if (rest === undefined || compareQuantity(rest, parseQuantity(value)) < 0) return false;
        left.set(key, subQuantity(rest, parseQuantity(value)));
      }
    }
  }
  return true;
}

function resultOf({ spec }: ResourceClaim, picked: readonly Picked[], { classOf }: AllocationState): AllocationResult {
  const names = new Set(picked.map(({ wanted }) => wanted.name));
  const isChosen = (name: string) => names.has(name) || [...names].some((chosen) => chosen.startsWith(`${name}/`));
  const fromClasses = [...new Map(picked.map(({ wanted }) => [wanted.name, wanted])).values()].flatMap(
    ({ name, spec: { deviceClassName } }) =>
      (classOf(deviceClassName)?.spec.config ?? []).map((config) => ({
        ...config,
        source: "FromClass",
        requests: [name],
      })),
  );
  const fromClaim = (spec.devices?.config ?? [])
    .filter(({ requests = [] }) => requests.length === 0 || requests.some(isChosen))
    .map((config) => ({ ...config, source: "FromClaim" }));
  const config = [...fromClasses, ...fromClaim];
  const nodeSelector = commonNodes(picked.map(({ device }) => device.nodes));
  return {
    devices: {
      results: picked.map(({ wanted: { name, adminAccess, spec: request }, device }) => ({
        request: name,
        driver: device.driver,
        pool: device.pool,
        device: device.device.name,
        ...(adminAccess && { adminAccess }),
        ...(request.tolerations?.length && { tolerations: request.tolerations }),
      })),
      ...(config.length > 0 && { config }),
    },
    ...(nodeSelector && { nodeSelector }),
  };
}

/** Where all devices can be used; a device of one node decides, other selectors (of one term each) add up. */
function commonNodes(selectors: readonly (NodeSelector | undefined)[]): NodeSelector | undefined {
  const limited = selectors.filter((selector) => selector !== undefined);
  const local = limited.find(({ nodeSelectorTerms: [term] }) => term?.matchFields?.length);
  if (local || limited.length === 0) return local;
  const matchExpressions = limited.flatMap(({ nodeSelectorTerms: [term] }) => term?.matchExpressions ?? []);
  const unique = [...new Map(matchExpressions.map((expression) => [JSON.stringify(expression), expression])).values()];
  return { nodeSelectorTerms: [{ matchExpressions: unique }] };
}
