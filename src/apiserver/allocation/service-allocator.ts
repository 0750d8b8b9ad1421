import type { KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import { errors, fieldError, type KubeObject } from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import type { Operation, Store, StoreEvent, Subscription } from "../../store/index.ts";
import type { PendingWrite, Reservation, WriteCompanion } from "../handlers/index.ts";
import { addressObject, belongsTo } from "./ip-address-object.ts";
import { formatIPv4, type IPRange, isAssignable, parseIPRange, parseIPv4 } from "./ip-range.ts";
import { Pool } from "./pool.ts";
import { PortClaims } from "./port-claims.ts";
import {
  clusterIPsOf,
  isHeadless,
  needsClusterIP,
  needsHealthCheckNodePort,
  needsNodePorts,
  nodePortsOf,
  type Service,
  type ServicePort,
  type ServiceSpec,
  setFamilies,
  specPath,
} from "./service-fields.ts";

export interface ServiceAllocationOptions {
  readonly host: Host;
  readonly store: Store;
  readonly kinds: KindRegistry;
  /** Default 10.96.0.0/16. */
  readonly serviceClusterIPRange?: string;
  /** First and last; default 30000 and 32767. */
  readonly nodePortRange?: readonly [number, number];
  /** Whether other API servers write to the same store. */
  readonly sharedStore?: boolean;
}

export const defaultServiceClusterIPRange = "10.96.0.0/16";
const defaultNodePortRange = [30000, 32767] as const;
/** How many low numbers are left to those who choose their own: a part of the range, within bounds. */
const keptAddresses = { share: 16, min: 16, max: 256 };
const keptPorts = { share: 32, min: 16, max: 128 };
/** Dry runs show numbers that nobody gets. */
const dryRunPort = 32769;

/**
 * Gives services their cluster IPs and node ports, never one to two. What is taken is what the stored services (and IP
 * address objects) say, followed by a watch; writes under way hold reservations. So it is the same after a restart.
 */
export class ServiceAllocator implements WriteCompanion {
  readonly #options: ServiceAllocationOptions;
  readonly #range: IPRange;
  readonly #ips: Pool;
  readonly #ports: Pool;
  readonly #portRange: readonly [number, number];
  readonly #claims: PortClaims;
  #ready: Promise<void> | undefined;
  readonly #subscriptions: Subscription[] = [];

  constructor(options: ServiceAllocationOptions) {
    this.#options = options;
    this.#claims = new PortClaims(options.store, options.sharedStore ?? false);
    const { random } = options.host;
    this.#range = parseIPRange(options.serviceClusterIPRange ?? defaultServiceClusterIPRange);
    const { base, size } = this.#range;
    this.#ips = new Pool(base + 1, base + size - 2, kept(size, keptAddresses), random);
    this.#portRange = options.nodePortRange ?? defaultNodePortRange;
    const [first, last] = this.#portRange;
    this.#ports = new Pool(first, last, kept(last - first + 1, keptPorts), random);
  }

  close(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.cancel();
    this.#ready = undefined;
  }

  async beforeCreate(write: PendingWrite): Promise<Reservation | undefined> {
    return this.#allocate(write, undefined);
  }

  async beforeUpdate(write: PendingWrite): Promise<Reservation | undefined> {
    return this.#allocate(write, write.old as Service | undefined);
  }

  async beforeDelete(_kind: ResourceKind, object: KubeObject): Promise<{ operations: Operation[] }> {
    const { spec = {} } = object as Service;
    const addresses = await this.#addressDeletions(object, clusterIPsOf(spec));
    return { operations: [...addresses, ...(await this.#claims.givingBack(nodePortsOf(spec), object))] };
  }

  async #allocate(write: PendingWrite, old: Service | undefined): Promise<Reservation | undefined> {
    const service = write.draft as Service;
    if (service.spec === undefined) return undefined;
    await this.#whenReady();
    setFamilies(service);
    const taken = new Taken(this.#ips, this.#ports);
    try {
      const newIPs = this.#allocateIPs(service, service.spec, old?.spec, write.dryRun, taken);
      this.#allocatePorts(service, service.spec, old?.spec, write.dryRun, taken);
      return await this.#reservation(service, old, newIPs, taken, write.dryRun);
    } catch (err) {
      taken.release();
      throw err;
    }
  }

  async #reservation(
    service: Service,
    old: Service | undefined,
    newIPs: readonly string[],
    taken: Taken,
    dryRun: boolean,
  ): Promise<Reservation> {
    const settle = () => {}; // the stored service holds the numbers now: the watch has seen it, or will
    const release = () => taken.release();
    if (dryRun) return { settle, release };
    const gone = clusterIPsOf(old?.spec ?? {}).filter((ip) => !clusterIPsOf(service.spec ?? {}).includes(ip));
    const deletions = old === undefined ? [] : await this.#addressDeletions(old, gone);
    const puts = this.#addressPuts(service, newIPs);
    const free = puts.map(({ key }) => ({ key, revision: 0 }));
    const claims = await this.#claims.taking(taken.ports, service, (port) => this.#ports.isHeld(port));
    const returned = await this.#claims.givingBack(portsLost(old, service), service);
    const compare = [...free, ...claims.compare];
    return { compare, operations: [...puts, ...deletions, ...claims.operations, ...returned], settle, release };
  }

  /** The addresses that are new to the service. */
  #allocateIPs(
    service: Service,
    spec: ServiceSpec,
    old: ServiceSpec | undefined,
    dryRun: boolean,
    taken: Taken,
  ): string[] {
    if (!needsClusterIP(spec) || isHeadless(spec)) return [];
    const had = old === undefined ? [] : clusterIPsOf(old);
    const wanted = clusterIPsOf(spec);
    if (had.length > 0) return []; // the first address stays for the life of the service; validation refuses others
    if (wanted.length === 0) {
      const ip = dryRun ? formatIPv4(this.#range.base) : this.#anyIP(taken);
      spec.clusterIP = ip;
      spec.clusterIPs = [ip];
      return [ip];
    }
    for (const ip of wanted) this.#takeIP(service, wanted, ip, dryRun, taken);
    spec.clusterIPs = wanted;
    return wanted.filter((ip) => parseIPv4(ip) !== undefined);
  }

  #anyIP(taken: Taken): string {
    const number = this.#ips.reserveAny();
    if (number === undefined) throw errors.internalError(new Error("failed to allocate a serviceIP: range is full"));
    taken.ips.push(number);
    return formatIPv4(number);
  }

  #takeIP(service: Service, wanted: readonly string[], ip: string, dryRun: boolean, taken: Taken): void {
    const number = parseIPv4(ip);
    if (number === undefined) return; // validation tells what is wrong with it
    const refuse = (why: string) => {
      const detail = `failed to allocate IP ${ip}: ${why}`;
      return invalid(service, fieldError.invalid(specPath.child("clusterIPs"), wanted, detail));
    };
    if (!isAssignable(this.#range, number)) throw refuse("the provided network does not match the current range");
    if (dryRun ? !this.#ips.isFree(number) : !this.#ips.reserve(number)) {
      throw refuse("provided IP is already allocated");
    }
    if (!dryRun) taken.ips.push(number);
  }

  #allocatePorts(
    service: Service,
    spec: ServiceSpec,
    old: ServiceSpec | undefined,
    dryRun: boolean,
    taken: Taken,
  ): void {
    const had = new Set(old === undefined ? [] : nodePortsOf(old));
    const byPort = new Map<number, { nodePort: number; protocols: Set<string> }>();
    for (const [index, port] of (needsNodePorts(spec) ? (spec.ports ?? []) : []).entries()) {
      const { protocol = "TCP" } = port;
      const sibling = byPort.get(port.port ?? 0);
      if (!port.nodePort && sibling !== undefined && !sibling.protocols.has(protocol)) port.nodePort = sibling.nodePort;
      if (port.nodePort) this.#takePort(service, index, port.nodePort, had, dryRun, taken);
      else port.nodePort = this.#anyPort(spec, dryRun, taken);
      if (sibling === undefined)
        byPort.set(port.port ?? 0, { nodePort: port.nodePort, protocols: new Set([protocol]) });
      else sibling.protocols.add(protocol);
    }
    if (needsHealthCheckNodePort(spec)) this.#allocateHealthCheckPort(spec, had, dryRun, taken);
  }

  #takePort(
    service: Service,
    index: number,
    port: number,
    had: ReadonlySet<number>,
    dryRun: boolean,
    taken: Taken,
  ): void {
    if (had.has(port) || taken.ports.includes(port)) return;
    const refuse = (why: string) =>
      invalid(service, fieldError.invalid(specPath.child("ports").index(index).child("nodePort"), port, why));
    if (!this.#ports.contains(port)) throw refuse(this.#outOfRange());
    if (dryRun ? !this.#ports.isFree(port) : !this.#ports.reserve(port))
      throw refuse("provided port is already allocated");
    if (!dryRun) taken.ports.push(port);
  }

  #outOfRange(): string {
    const [first, last] = this.#portRange;
    return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
  }

  #anyPort(spec: ServiceSpec, dryRun: boolean, taken: Taken): number {
    if (dryRun) return nextDryRunPort(spec.ports ?? []);
    const port = this.#ports.reserveAny();
    if (port === undefined) throw errors.internalError(new Error("failed to allocate a nodePort: range is full"));
    taken.ports.push(port);
    return port;
  }

  #allocateHealthCheckPort(spec: ServiceSpec, had: ReadonlySet<number>, dryRun: boolean, taken: Taken): void {
    const wanted = spec.healthCheckNodePort ?? 0;
    if (wanted === 0) {
      spec.healthCheckNodePort = this.#anyPort(spec, dryRun, taken);
      return;
    }
    if (had.has(wanted)) return;
    const free = this.#ports.contains(wanted) && this.#ports.isFree(wanted);
    if (!free) {
      const why = this.#ports.contains(wanted) ? "provided port is already allocated" : this.#outOfRange();
      throw errors.internalError(new Error(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`));
    }
    if (dryRun) return;
    this.#ports.reserve(wanted);
    taken.ports.push(wanted);
  }

  #addressPuts(service: Service, ips: readonly string[]): Extract<Operation, { type: "put" }>[] {
    const kind = this.#addressKind();
    if (kind === undefined) return [];
    return ips.map((ip) => ({
      type: "put",
      key: `${kind.storagePrefix}/${ip}`,
      object: addressObject(this.#options.host, kind, service, ip),
    }));
  }

  /** Of the address objects that belong to the service: others with these names stay. */
  async #addressDeletions(service: KubeObject, ips: readonly string[]): Promise<Operation[]> {
    const kind = this.#addressKind();
    if (kind === undefined) return [];
    const operations: Operation[] = [];
    for (const ip of ips) {
      const key = `${kind.storagePrefix}/${ip}`;
      const entry = await this.#options.store.get(key);
      if (entry !== undefined && belongsTo(entry.object, service)) operations.push({ type: "delete", key });
    }
    return operations;
  }

  #addressKind(): ResourceKind | undefined {
    return this.#options.kinds.byResource("networking.k8s.io", "v1", "ipaddresses");
  }

  /** Loads again after a failure, and when the store has ended the watch. */
  async #whenReady(): Promise<void> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#forget();
      throw error;
    });
    await this.#ready;
  }

  /** What is taken is no longer known. */
  #forget(): void {
    this.close();
    this.#ips.dropAll();
    this.#ports.dropAll();
  }

  /** Counts what is stored, then follows it. */
  async #load(): Promise<void> {
    const { store, kinds } = this.#options;
    const services = kinds.byResource("", "v1", "services");
    if (services !== undefined)
      await this.#follow(store, `${services.storagePrefix}/`, (object) => this.#numbersOf(object));
    const addresses = this.#addressKind();
    if (addresses !== undefined) {
      await this.#follow(store, `${addresses.storagePrefix}/`, (object) => {
        const number = parseIPv4(object.metadata.name ?? "");
        return { ips: number === undefined ? [] : [number], ports: [] };
      });
    }
  }

  async #follow(store: Store, prefix: string, numbersOf: (object: KubeObject) => Numbers): Promise<void> {
    const snapshot = await store.list(prefix);
    for (const entry of snapshot.entries()) this.#hold(numbersOf(entry.object));
    const onEvent = (event: StoreEvent) => {
      if (event.previous !== undefined) this.#drop(numbersOf(event.previous.object));
      else if (event.type === "delete") this.#drop(numbersOf(event.entry.object));
      if (event.type === "put") this.#hold(numbersOf(event.entry.object));
    };
    const subscription = store.watch(prefix, snapshot.revision, {
      events: (batch) => batch.forEach(onEvent),
      closed: () => this.#forget(),
    });
    this.#subscriptions.push(subscription);
  }

  #numbersOf(object: KubeObject): Numbers {
    const spec = (object as Service).spec ?? {};
    const ips = clusterIPsOf(spec)
      .map(parseIPv4)
      .filter((number) => number !== undefined);
    return { ips, ports: nodePortsOf(spec) };
  }

  #hold(numbers: Numbers): void {
    for (const ip of numbers.ips) this.#ips.hold(ip);
    for (const port of numbers.ports) this.#ports.hold(port);
  }

  #drop(numbers: Numbers): void {
    for (const ip of numbers.ips) this.#ips.drop(ip);
    for (const port of numbers.ports) this.#ports.drop(port);
  }
}

interface Numbers {
  readonly ips: readonly number[];
  readonly ports: readonly number[];
}

/** What one write has reserved. */
class Taken {
  readonly ips: number[] = [];
  readonly ports: number[] = [];
  readonly #ipPool: Pool;
  readonly #portPool: Pool;

  constructor(ipPool: Pool, portPool: Pool) {
    this.#ipPool = ipPool;
    this.#portPool = portPool;
  }

  release(): void {
    for (const ip of this.ips) this.#ipPool.release(ip);
    for (const port of this.ports) this.#portPool.release(port);
  }
}

/** Ports that an update takes from a service. */
function portsLost(old: Service | undefined, service: Service): number[] {
  const left = new Set(nodePortsOf(service.spec ?? {}));
  return nodePortsOf(old?.spec ?? {}).filter((port) => !left.has(port));
}

function kept(size: number, { share, min, max }: { share: number; min: number; max: number }): number {
  const part = Math.min(Math.max(min, Math.floor(size / share)), max);
  return part >= size ? 0 : part; // a small range has no part to keep
}

function nextDryRunPort(ports: readonly ServicePort[]): number {
  return Math.max(dryRunPort - 1, ...ports.map(({ nodePort = 0 }) => nodePort)) + 1;
}

function invalid(service: Service, found: ReturnType<typeof fieldError.invalid>): Error {
  return errors.invalid({ group: "", kind: "Service" }, service.metadata.name ?? "", [found]);
}
