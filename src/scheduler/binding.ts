import { isReason } from "../api/meta/index.ts";
import type { Client } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import type { PermitPlugin, PreBindContext, Rejection, Reservation } from "./framework.ts";
import type { MeasuredPoint, SchedulerMetrics } from "./metrics.ts";
import type { PodInfo } from "./pod-info.ts";
import type { Profile } from "./profile.ts";
import type { VolumeWaits } from "./volume-waits.ts";
import type { PermitWaits } from "./waiting-pods.ts";

/** How the way from the chosen node to the bound pod ended. */
export type BindingResult =
  | { readonly kind: "bound" }
  /** A Permit plugin refused. */
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  /** The pod does not exist any more. */
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly message: string; readonly error: unknown };

export interface BindingOptions {
  readonly client: Client;
  readonly host: Host;
  readonly metrics: SchedulerMetrics;
  readonly permitWaits: PermitWaits;
  readonly volumeWaits: VolumeWaits;
  /** Whether this very pod still exists. */
  readonly isThere: (info: PodInfo) => boolean;
}

/** A pod that has a node: what is left to do until it is bound. */
export interface Placement {
  readonly info: PodInfo;
  readonly nodeName: string;
  readonly profile: Profile;
  readonly reservations: readonly Reservation[];
}

/** What the Permit plugins said: nothing when all approved, a refusal, or how long (ms) each wants the pod to wait. */
export function askPermits(
  permits: readonly PermitPlugin[],
  info: PodInfo,
  nodeName: string,
): Rejection | ReadonlyMap<string, number> | undefined {
  if (permits.length === 0) return undefined;
  const waits = new Map<string, number>();
  for (const plugin of permits) {
    const decision = plugin.permit(info, nodeName);
    if (decision.kind === "deny") return refusal(plugin.name, decision.message);
    if (decision.kind === "wait") waits.set(plugin.name, decision.timeoutMs);
  }
  return waits.size > 0 ? waits : undefined;
}

export function refusal(plugin: string, message: string): Rejection {
  return { plugin, reasons: [message], resolvable: true };
}

/** Takes placed pods through Permit's wait, PreBind, Bind and PostBind. */
export class Binder {
  readonly #options: BindingOptions;

  constructor(options: BindingOptions) {
    this.#options = options;
  }

  /** Whether nothing is left to wait for but the binding itself. */
  isQuick({ reservations, profile }: Placement): boolean {
    return !reservations.some(({ preBind }) => preBind) && !profile.preBinds.some((plugin) => "preBind" in plugin);
  }

  /** Never throws; the reservations are released at the end. */
  async run(placement: Placement, waits: ReadonlyMap<string, number> | undefined): Promise<BindingResult> {
    let result: BindingResult = { kind: "failed", message: "", error: undefined };
    try {
      result = (waits && (await this.#awaitPermits(placement, waits))) ?? (await this.#prepareAndBind(placement));
    } finally {
      for (const reservation of placement.reservations) reservation.release(result.kind === "bound");
    }
    return result;
  }

  async #awaitPermits(
    { info, nodeName }: Placement,
    waits: ReadonlyMap<string, number>,
  ): Promise<BindingResult | undefined> {
    const { permitWaits, metrics, host } = this.#options;
    const startedAt = host.clock.now();
    const denial = await permitWaits.wait(info, nodeName, waits);
    metrics.permitWait(denial ? "rejected" : "allowed", startedAt);
    return denial && { kind: "rejected", rejection: refusal(denial.plugin, denial.message) };
  }

  async #prepareAndBind(placement: Placement): Promise<BindingResult> {
    const { info, profile, nodeName } = placement;
    const { isThere } = this.#options;
    if (!this.isQuick(placement)) {
      const failure = await this.#measured("PreBind", profile, () => this.#preBind(placement));
      if (failure) return isThere(info) ? failure : { kind: "gone" };
    }
    const failure = await this.#measured("Bind", profile, () => this.#bind(placement));
    if (failure) return failure;
    for (const plugin of profile.postBinds) plugin.postBind(info, nodeName);
    return { kind: "bound" };
  }

  async #preBind({ info, nodeName, profile, reservations }: Placement): Promise<BindingResult | undefined> {
    const { client, volumeWaits, isThere } = this.#options;
    const context: PreBindContext = {
      client,
      until: (isReady, timeoutMs) => volumeWaits.until(() => !isThere(info) || isReady(), timeoutMs),
    };
    for (const plugin of profile.preBinds) {
      const own = reservations.find((reservation) => reservation.plugin === plugin.name);
      try {
        if ("preBind" in plugin) await plugin.preBind(info, nodeName, context);
        else await own?.preBind?.(context);
      } catch (error) {
        return { kind: "failed", message: `running PreBind plugin "${plugin.name}": ${messageOf(error)}`, error };
      }
    }
    return undefined; // also for a pod that is gone: binding it finds that out
  }

  async #bind({ info, nodeName, profile }: Placement): Promise<BindingResult | undefined> {
    for (const plugin of profile.binds) {
      try {
        if ((await plugin.bind(info, nodeName)) === "bound") return undefined;
      } catch (error) {
        if (isReason(error, "NotFound")) return { kind: "gone" };
        return { kind: "failed", message: `running Bind plugin "${plugin.name}": ${messageOf(error)}`, error };
      }
    }
    return { kind: "failed", message: "no Bind plugin took the pod", error: undefined };
  }

  async #measured(
    point: MeasuredPoint,
    { schedulerName }: Profile,
    work: () => Promise<BindingResult | undefined>,
  ): Promise<BindingResult | undefined> {
    const { host, metrics } = this.#options;
    const startedAt = host.clock.now();
    const failure = await work();
    metrics.point(point, failure ? "Error" : "Success", schedulerName, startedAt);
    return failure;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
