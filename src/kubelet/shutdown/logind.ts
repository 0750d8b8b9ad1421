import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../host/index.ts";
import { type BusPort, openSystemBus } from "../dbus/index.ts";
import { inhibitShutdown } from "./inhibitor.ts";

/** A shutdown that is asked for waits until it is released, or the login manager's longest delay has passed. */
export interface InhibitLock {
  /** Resolves when nothing is held any more, also without a release. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/** Who is asked for a shutdown of the machine, and tells those that want to know before it begins. */
export interface LoginManager {
  /** How long a shutdown is held back at most, in milliseconds. */
  inhibitDelayMs(): Promise<number>;
  /** Asks for a longer time. */
  overrideInhibitDelay(ms: number): Promise<void>;
  inhibit(): Promise<InhibitLock>;
  /** Tells that a shutdown begins (true), or was cancelled. */
  onShutdown(sink: (isShuttingDown: boolean) => void): Promise<void>;
  /** Resolves when it is heard no longer. */
  readonly closed: Promise<void>;
  close(): void;
}

const login = {
  destination: "org.freedesktop.login1",
  path: "/org/freedesktop/login1",
  interface: "org.freedesktop.login1.Manager",
};
const systemd = {
  destination: "org.freedesktop.systemd1",
  path: "/org/freedesktop/systemd1",
  interface: "org.freedesktop.systemd1.Manager",
};
const configFolder = "/etc/systemd/logind.conf.d";
const configFile = "99-kubelet.conf";
const hangup = 1;

/**
 * systemd-logind of this machine.
 * @param folder of what is added to its configuration
 * @throws Error when there is no system bus
 */
export async function openLogind(clock: Clock, folder = configFolder): Promise<LoginManager> {
  return new Logind(await openSystemBus(clock), folder);
}

class Logind implements LoginManager {
  readonly #bus: BusPort;
  readonly #folder: string;

  constructor(bus: BusPort, folder: string) {
    this.#bus = bus;
    this.#folder = folder;
  }

  get closed(): Promise<void> {
    return this.#bus.closed;
  }

  close(): void {
    this.#bus.close();
  }

  async inhibitDelayMs(): Promise<number> {
    const micros = await explained("failed reading InhibitDelayMaxUSec property from logind", () =>
      this.#bus.property({ ...login, member: "InhibitDelayMaxUSec" }),
    );
    if (typeof micros !== "bigint") throw new Error("InhibitDelayMaxUSec from logind is not a uint64 as expected");
    return Number(micros) / 1000;
  }

  async overrideInhibitDelay(ms: number): Promise<void> {
    const path = join(this.#folder, configFile);
    await explained(`failed writing logind shutdown inhibit override file ${path}`, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o755 });
      const seconds = Math.round(ms / 1000);
      await writeFile(path, `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${seconds}\n`, { mode: 0o644 });
    });
    await explained("unable to reload logind conf", () =>
      this.#bus.call({ ...systemd, member: "KillUnit" }, "ssi", ["systemd-logind.service", "all", hangup]),
    );
  }

  inhibit(): Promise<InhibitLock> {
    return inhibitShutdown();
  }

  async onShutdown(sink: (isShuttingDown: boolean) => void): Promise<void> {
    const { path, interface: name } = login;
    await explained("failed to monitor shutdown", () =>
      this.#bus.onSignal({ path, interface: name, member: "PrepareForShutdown" }, ([active]) => {
        if (typeof active === "boolean") sink(active);
      }),
    );
  }
}

async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
