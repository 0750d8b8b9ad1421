import type { Probe } from "../../api/types/index.ts";
import type { Clock, Timer } from "../../host/index.ts";
import type { ContainerHealth } from "../pod-worker/index.ts";
import type { ProbeKind, ProbeOutcome, Prober, ProbeTarget } from "./prober.ts";

export interface ProbeRunOptions {
  readonly clock: Clock;
  readonly prober: Prober;
  readonly initial: ContainerHealth;
  /** Read at each probe: the pod's object may be newer then. */
  readonly target: () => ProbeTarget;
  onHealth(health: ContainerHealth): void;
  /** A probe failed; said of every failure. */
  onUnhealthy(message: string): void;
}

interface Count {
  result: ProbeOutcome["result"];
  times: number;
}

const titles: Record<ProbeKind, string> = { liveness: "Liveness", readiness: "Readiness", startup: "Startup" };

/** Probes one run of one container, from its start to its end. */
export class ProbeRun {
  readonly #options: ProbeRunOptions;
  readonly #probes: Readonly<Record<ProbeKind, Probe | undefined>>;
  readonly #timers = new Map<ProbeKind, Timer>();
  readonly #counts = new Map<ProbeKind, Count>();
  #health: ContainerHealth;
  #stopped = false;

  constructor(options: ProbeRunOptions) {
    this.#options = options;
    this.#health = options.initial;
    const { livenessProbe: liveness, readinessProbe: readiness, startupProbe: startup } = options.target().container;
    this.#probes = { liveness, readiness, startup };
    if (startup !== undefined && !this.#health.started) this.#schedule("startup", this.#firstDelayMs(startup));
    else this.#beginOthers();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** What was found may no longer hold. */
  recheck(): void {
    if (this.#stopped) return;
    for (const kind of ["startup", "liveness", "readiness"] as const) {
      const isDue = kind === "startup" ? !this.#health.started : this.#health.started;
      if (this.#probes[kind] !== undefined && isDue && !this.#timers.has(kind)) this.#schedule(kind, 0);
    }
  }

  #beginOthers(): void {
    for (const kind of ["liveness", "readiness"] as const) {
      const probe = this.#probes[kind];
      if (probe !== undefined && !this.#timers.has(kind)) this.#schedule(kind, this.#firstDelayMs(probe));
    }
  }

  #firstDelayMs(probe: Probe): number {
    const { clock, target } = this.#options;
    return Math.max(target().startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now(), 0);
  }

  #schedule(kind: ProbeKind, ms: number): void {
    this.#timers.set(
      kind,
      this.#options.clock.setTimer(ms, () => void this.#probe(kind)),
    );
  }

  async #probe(kind: ProbeKind): Promise<void> {
    const probe = this.#probes[kind];
    if (probe === undefined) return;
    const begun = this.#options.clock.now();
    const outcome = await this.#options.prober.probe(kind, probe, this.#options.target());
    if (this.#stopped) return;
    this.#timers.delete(kind);
    const settled = this.#settle(kind, probe, outcome);
    if (this.#isOver(kind)) return;
    if (settled && outcome.holds === true) return;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    this.#schedule(kind, Math.max(begun + periodMs - this.#options.clock.now(), 0));
  }

  /** True when the outcome was seen often enough to count. */
  #settle(kind: ProbeKind, probe: Probe, { result, output }: ProbeOutcome): boolean {
    if (result === "unknown") {
      this.#options.onUnhealthy(`${titles[kind]} probe errored and resulted in unknown state: ${output}`);
      return false;
    }
    if (result === "failure") this.#options.onUnhealthy(`${titles[kind]} probe failed: ${output}`);
    const known = this.#counts.get(kind);
    const times = known?.result === result ? known.times + 1 : 1;
    this.#counts.set(kind, { result, times });
    const threshold = result === "success" ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (times < threshold) return false;
    this.#apply(kind, probe, result === "success");
    return result === "success";
  }

  #apply(kind: ProbeKind, probe: Probe, success: boolean): void {
    switch (kind) {
      case "readiness":
        this.#change({ ...this.#health, ready: success });
        return;
      case "startup":
        if (success) {
          this.#change({ ...this.#health, started: true, ready: this.#probes.readiness === undefined });
          this.#beginOthers();
          return;
        }
        this.#fail("startup", probe);
        return;
      case "liveness":
        if (!success) this.#fail("liveness", probe);
        return;
      default:
        kind satisfies never;
    }
  }

  #fail(probe: "liveness" | "startup", { terminationGracePeriodSeconds }: Probe): void {
    this.#change({ ...this.#health, failed: { probe, graceSeconds: terminationGracePeriodSeconds } });
  }

  /** A container that is given up is not probed for life again, it will be ended. */
  #isOver(kind: ProbeKind): boolean {
    return (kind === "startup" && this.#health.started) || (kind !== "readiness" && this.#health.failed !== undefined);
  }

  #change(health: ContainerHealth): void {
    const { started, ready, failed } = this.#health;
    this.#health = health;
    if (health.started === started && health.ready === ready && health.failed === failed) return;
    this.#options.onHealth(health);
  }
}
