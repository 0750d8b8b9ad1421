import { type Clock, TimeoutError, withTimeout } from "../../../host/index.ts";
import { BusError, type BusPort } from "../../dbus/index.ts";
import type { UnitProperty } from "./unit-properties.ts";

const manager = {
  destination: "org.freedesktop.systemd1",
  path: "/org/freedesktop/systemd1",
  interface: "org.freedesktop.systemd1.Manager",
};
const jobEndsWithinMs = 30_000;
/** Jobs of others end, too; of those that ended before their number was known as many are remembered. */
const endedJobsMax = 100;

/** systemd, asked for units over the bus. */
export class SystemdUnits {
  readonly #clock: Clock;
  readonly #open: () => Promise<BusPort>;
  #bus: Promise<BusPort> | undefined;
  readonly #waiting = new Map<string, (result: string) => void>();
  readonly #ended = new Map<string, string>();

  /** @param open makes a connection, also after one was lost */
  constructor(clock: Clock, open: () => Promise<BusPort>) {
    this.#clock = clock;
    this.#open = open;
  }

  /** The number that the version begins with: 252 of `252.38-1~deb12u1`. */
  async version(): Promise<number> {
    const bus = await this.#connected();
    const version = await bus.property({ ...manager, member: "Version" });
    return Number(/\d+/.exec(String(version))?.[0] ?? 0);
  }

  /** Makes the unit, unless it is there. @throws BusError, or Error when systemd could not do it */
  async start(unit: string, properties: readonly UnitProperty[]): Promise<void> {
    try {
      await this.#job(unit, "create", "StartTransientUnit", "ssa(sv)a(sa(sv))", [unit, "replace", properties, []]);
    } catch (error) {
      if (isOf(error, "UnitExists")) return;
      throw error;
    }
  }

  /** Until the machine starts anew. @throws BusError */
  async set(unit: string, properties: readonly UnitProperty[]): Promise<void> {
    const bus = await this.#connected();
    await bus.call({ ...manager, member: "SetUnitProperties" }, "sba(sv)", [unit, true, properties]);
  }

  /** Ends the unit, if it is there. @throws BusError, or Error when systemd could not do it */
  async stop(unit: string): Promise<void> {
    try {
      await this.#job(unit, "remove", "StopUnit", "ss", [unit, "replace"]);
    } catch (error) {
      if (!isNoSuchUnit(error)) throw error;
    }
    await this.#reset(unit);
  }

  close(): void {
    void this.#bus?.then(
      (bus) => bus.close(),
      () => undefined,
    );
  }

  async #job(unit: string, verb: string, member: string, signature: string, body: readonly unknown[]): Promise<void> {
    const bus = await this.#connected();
    const [job] = await bus.call({ ...manager, member }, signature, body);
    try {
      const result = await withTimeout(this.#clock, jobEndsWithinMs, () => this.#result(String(job)));
      if (result === "done") return;
      await this.#reset(unit);
      throw new Error(`systemd did not ${verb} unit ${unit}: its job ended as ${result}`);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      this.#waiting.delete(String(job));
      await this.#reset(unit);
      throw new Error(`timeout waiting for systemd to ${verb} ${unit}`, { cause: error });
    }
  }

  #result(job: string): Promise<string> {
    const known = this.#ended.get(job);
    if (known !== undefined) {
      this.#ended.delete(job);
      return Promise.resolve(known);
    }
    return new Promise((resolve) => this.#waiting.set(job, resolve));
  }

  #jobRemoved(job: string, result: string): void {
    const waiting = this.#waiting.get(job);
    if (waiting !== undefined) {
      this.#waiting.delete(job);
      waiting(result);
      return;
    }
    this.#ended.set(job, result);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > endedJobsMax && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** A unit that failed is kept by systemd until somebody has seen it. */
  async #reset(unit: string): Promise<void> {
    const bus = await this.#connected();
    // There is nothing to be forgotten: as good.
    await bus.call({ ...manager, member: "ResetFailedUnit" }, "s", [unit]).catch(() => undefined);
  }

  #connected(): Promise<BusPort> {
    this.#bus ??= this.#connect().catch((error: unknown) => {
      this.#bus = undefined;
      throw error;
    });
    return this.#bus;
  }

  async #connect(): Promise<BusPort> {
    const bus = await this.#open();
    void bus.closed.then(() => {
      this.#bus = undefined;
    });
    const { path, interface: name } = manager;
    await bus.onSignal({ path, interface: name, member: "JobRemoved" }, ([, job, , result]) =>
      this.#jobRemoved(String(job), String(result)),
    );
    await bus.call({ ...manager, member: "Subscribe" });
    return bus;
  }
}

/** Whether systemd knows no such unit. */
export function isNoSuchUnit(error: unknown): boolean {
  return isOf(error, "NoSuchUnit");
}

function isOf(error: unknown, type: string): boolean {
  return error instanceof BusError && error.type === `org.freedesktop.systemd1.${type}`;
}
