import { formatDuration } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { type Gauge, type Host, sleep } from "../../host/index.ts";
import type { Refusal } from "../pods/admission.ts";
import { type GracePeriod, groupByPriority, type ShutdownGroup } from "./grace-periods.ts";
import type { InhibitLock, LoginManager } from "./logind.ts";
import type { ShutdownState, ShutdownStateStore } from "./state-file.ts";

/** How a pod ends for a shutdown. */
export interface ShutdownEnding {
  readonly reason: string;
  readonly message: string;
  readonly graceSeconds: number;
}

/** What ending a node's pods needs of the node. */
export interface NodeShutdownPorts {
  readonly host: Host;
  readonly state: ShutdownStateStore;
  openLogin(): Promise<LoginManager>;
  /** The pods that are not over. */
  pods(): readonly Pod[];
  /** Ends a pod; resolves when nothing of it runs and its volumes are let go. */
  terminate(pod: Pod, ending: ShutdownEnding): Promise<void>;
  /** An event about the node, reason Shutdown. */
  event(message: string): void;
  /** The node's conditions are other ones now. */
  conditionsChanged(): void;
}

const ending = {
  reason: "Terminated",
  message: "Pod was terminated in response to imminent node shutdown.",
} as const;
const refusal: Refusal = { reason: "NodeShutdown", message: "Pod was rejected as the node is shutting down." };
const reconnectMs = 1000;

/** Holds back a shutdown of the machine until the node's pods have ended. */
export class NodeShutdown {
  readonly #ports: NodeShutdownPorts;
  readonly #periods: readonly GracePeriod[];
  readonly #start: Gauge;
  readonly #end: Gauge;
  readonly #stopping = new AbortController();
  #login: LoginManager | undefined;
  #lock: InhibitLock | undefined;
  #isShuttingDown = false;
  /** One after the other: a cancellation is heard when the shutdown before it was dealt with. */
  #turn: Promise<void> = Promise.resolve();

  /** @param periods sorted, lowest priority first; at least one */
  constructor(ports: NodeShutdownPorts, periods: readonly GracePeriod[]) {
    this.#ports = ports;
    this.#periods = periods;
    const { metrics } = ports.host;
    this.#start = metrics.gauge({
      name: "kubelet_graceful_shutdown_start_time_seconds",
      help: "Last graceful shutdown start time since unix epoch in seconds",
    });
    this.#end = metrics.gauge({
      name: "kubelet_graceful_shutdown_end_time_seconds",
      help: "Last graceful shutdown start time since unix epoch in seconds",
    });
  }

  get isShuttingDown(): boolean {
    return this.#isShuttingDown;
  }

  /** Why no pod is taken any more. */
  get refusal(): Refusal | undefined {
    return this.#isShuttingDown ? refusal : undefined;
  }

  /**
   * Begins to hold shutdowns back, and goes on doing so when the connection is lost. A machine that cannot do it at first is
   * told of in the log, and left alone: the node is one without it.
   */
  async start(): Promise<void> {
    const { log } = this.#ports.host;
    try {
      await this.#watch();
    } catch (error) {
      if (!this.#stopping.signal.aborted) log.error("Failed to start node shutdown manager", { error: textOf(error) });
      return;
    }
    const seconds = this.#periods.map((period) => period.shutdownGracePeriodSeconds).join("+");
    log.info("shutdowns of the machine are held back until the node's pods have ended", { seconds });
    await this.#showLast();
    void this.#keepWatching();
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new Error("the kubelet stops"));
    this.#login?.close();
    await this.#release();
  }

  async #keepWatching(): Promise<void> {
    const { host } = this.#ports;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#login?.closed;
      if (signal.aborted) return;
      await sleep(host.clock, reconnectMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#watch();
      } catch (error) {
        host.log.error("Unable to watch the node for shutdown events", { error: textOf(error) });
      }
    }
  }

  async #watch(): Promise<void> {
    this.#login = undefined;
    const login = await this.#ports.openLogin();
    try {
      await this.#lengthenDelay(login);
      await this.#acquire(login);
      await login.onShutdown((isShuttingDown) => this.#heard(login, isShuttingDown));
      this.#stopping.signal.throwIfAborted();
    } catch (error) {
      login.close();
      await this.#release();
      throw error;
    }
    this.#login = login;
  }

  /** The login manager waits for nobody longer than it is told to. */
  async #lengthenDelay(login: LoginManager): Promise<void> {
    const neededMs =
      this.#periods.reduce((sum, { shutdownGracePeriodSeconds }) => sum + shutdownGracePeriodSeconds, 0) * 1000;
    if (neededMs <= (await login.inhibitDelayMs())) return;
    await login.overrideInhibitDelay(neededMs);
    const nowMs = await login.inhibitDelayMs();
    if (neededMs <= nowMs) return;
    const needed = formatDuration(neededMs);
    throw new Error(
      `node shutdown manager was unable to update logind InhibitDelayMaxSec to ${needed} (ShutdownGracePeriod), ` +
        `current value of InhibitDelayMaxSec (${formatDuration(nowMs)}) is less than requested ShutdownGracePeriod`,
    );
  }

  async #acquire(login: LoginManager): Promise<void> {
    const lock = await login.inhibit();
    const before = this.#lock;
    this.#lock = lock;
    await before?.release();
    void lock.lost.then(() => {
      if (this.#lock !== lock) return;
      // It ended by itself: whatever took it away, the watch begins anew.
      this.#lock = undefined;
      login.close();
    });
  }

  async #release(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  #heard(login: LoginManager, isShuttingDown: boolean): void {
    this.#turn = this.#turn
      .then(() => (isShuttingDown ? this.#shutDown() : this.#cancelled(login)))
      .catch((error: unknown) => {
        this.#ports.host.log.error("Shutdown manager failed to process shutdown event", { error: textOf(error) });
      });
  }

  async #cancelled(login: LoginManager): Promise<void> {
    const { host } = this.#ports;
    host.log.info("the node's shutdown was cancelled");
    this.#ports.event("Shutdown manager detected shutdown cancellation");
    this.#isShuttingDown = false;
    this.#ports.conditionsChanged();
    await this.#acquire(login);
  }

  async #shutDown(): Promise<void> {
    const { host } = this.#ports;
    host.log.info("the node shuts down: its pods end");
    this.#ports.event("Shutdown manager detected shutdown event");
    this.#isShuttingDown = true;
    this.#ports.conditionsChanged();
    try {
      const startMs = host.clock.now();
      await this.#remember({ startMs });
      for (const group of groupByPriority(this.#periods, this.#ports.pods())) await this.#endGroup(group);
      await this.#remember({ startMs, endMs: host.clock.now() });
    } finally {
      await this.#release();
      host.log.info("the node's pods have ended, the shutdown goes on");
    }
  }

  async #endGroup({ period, pods }: ShutdownGroup): Promise<void> {
    if (pods.length === 0) return;
    const { host } = this.#ports;
    const { priority, shutdownGracePeriodSeconds: seconds } = period;
    const endings = pods.map((pod) => {
      const own = pod.spec?.terminationGracePeriodSeconds ?? seconds;
      return this.#ports.terminate(pod, { ...ending, graceSeconds: Math.min(own, seconds) });
    });
    const timeUp = new AbortController();
    const inTime = await Promise.race([
      Promise.allSettled(endings).then(() => true),
      sleep(host.clock, seconds * 1000, timeUp.signal).then(
        () => false,
        () => true,
      ),
    ]);
    timeUp.abort();
    if (!inTime) host.log.warn("pods did not end in the time of their priority", { priority, seconds });
  }

  async #remember(state: ShutdownState): Promise<void> {
    this.#show(state);
    try {
      await this.#ports.state.store(state);
    } catch (error) {
      this.#ports.host.log.error("Failed to store graceful shutdown state", { error: textOf(error) });
    }
  }

  async #showLast(): Promise<void> {
    try {
      this.#show(await this.#ports.state.load());
    } catch (error) {
      this.#ports.host.log.error("Failed to load graceful shutdown state", { error: textOf(error) });
    }
  }

  #show({ startMs = 0, endMs = 0 }: ShutdownState): void {
    this.#start.set(Math.floor(startMs / 1000));
    this.#end.set(Math.floor(endMs / 1000));
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
