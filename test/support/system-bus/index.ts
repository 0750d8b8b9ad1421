// A system bus of the test's own, with a systemd and a login manager on it that only remember what they are asked for.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { eventually } from "../eventually.ts";
import type { Needs } from "../requires.ts";

export const systemBusNeeds: Needs = {
  programs: { "dbus-daemon": "dbus-daemon", "systemd-inhibit": "systemd", "/usr/bin/python3": "python3" },
  pythonModules: { dbus: "python3-dbus", gi: "python3-gi" },
};

/** What systemd or the login manager was asked for. */
export interface BusEvent {
  readonly event: "ready" | "inhibit" | "released" | "kill" | "start" | "set" | "stop" | "reset" | "sync";
  readonly unit?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
}

const services = fileURLToPath(new URL("services.py", import.meta.url));

/** While it runs, `DBUS_SYSTEM_BUS_ADDRESS` of this process names it. */
export class TestSystemBus {
  readonly events: BusEvent[] = [];
  readonly folder: string;
  readonly #before = process.env.DBUS_SYSTEM_BUS_ADDRESS;
  #daemon: ChildProcess | undefined;
  #services: ChildProcess | undefined;
  #syncs = 0;

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "sampan-bus-"));
  }

  static async start(): Promise<TestSystemBus> {
    const bus = new TestSystemBus();
    try {
      await bus.startDaemon();
      await bus.startServices();
      return bus;
    } catch (error) {
      await bus.stop();
      throw error;
    }
  }

  /** Where the login manager reads additions to its configuration. */
  get configFolder(): string {
    return join(this.folder, "logind.conf.d");
  }

  async startDaemon(): Promise<void> {
    const address = `unix:path=${join(this.folder, "socket")}`;
    const config = join(this.folder, "bus.conf");
    writeFileSync(
      config,
      `<busconfig><type>system</type><listen>${address}</listen><auth>EXTERNAL</auth><policy context="default">
      <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow eavesdrop="false"/>
      <allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`,
    );
    rmSync(join(this.folder, "socket"), { force: true });
    const daemon = spawn("dbus-daemon", [`--config-file=${config}`, "--nofork", "--nopidfile", "--print-address=1"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#daemon = daemon;
    await new Promise<void>((resolve, reject) => {
      daemon.stdout.once("data", () => resolve());
      daemon.once("exit", (code) => reject(new Error(`dbus-daemon ended with ${code}`)));
    });
    process.env.DBUS_SYSTEM_BUS_ADDRESS = address;
  }

  async startServices(): Promise<void> {
    const child = spawn("/usr/bin/python3", [services, this.configFolder], { stdio: ["pipe", "pipe", "inherit"] });
    this.#services = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.events.push(JSON.parse(line) as BusEvent));
    await this.until((events) => events.some(({ event }) => event === "ready"));
  }

  command(text: string): void {
    this.#services?.stdin?.write(`${text}\n`);
  }

  /** What happened up to now, which is forgotten then. */
  async take(): Promise<readonly BusEvent[]> {
    const number = ++this.#syncs;
    this.command(`sync ${number}`);
    await this.until((events) => events.some((one) => one.event === "sync" && one.number === number));
    return this.events.splice(0).filter(({ event }) => event !== "sync");
  }

  /** What happened, when it is enough. */
  until(isEnough: (events: readonly BusEvent[]) => boolean, timeoutMs = 10_000): Promise<readonly BusEvent[]> {
    return eventually(async () => this.events, isEnough, timeoutMs);
  }

  of(event: BusEvent["event"]): readonly BusEvent[] {
    return this.events.filter((one) => one.event === event);
  }

  async stopDaemon(): Promise<void> {
    await ended(this.#services);
    await ended(this.#daemon);
  }

  async stop(): Promise<void> {
    await this.stopDaemon();
    if (this.#before === undefined) delete process.env.DBUS_SYSTEM_BUS_ADDRESS;
    else process.env.DBUS_SYSTEM_BUS_ADDRESS = this.#before;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await exited;
}
