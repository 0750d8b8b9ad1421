import {
  keyString,
  matches,
  parseQuantity,
  parseSelector,
  type Selector,
  selectorString,
  semanticEqual,
  toApproximateFloat,
} from "../../api/meta/index.ts";
import type { autoscalingV2, Pod } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { byNamespace, indexByNamespace } from "../owners.ts";
import { messageOf } from "../pods/index.ts";
import { KnownKinds, readScale, type Target, writeScale } from "../scale-targets.ts";
import { StatusDraft } from "./autoscaler-status.ts";
import { autoscalerMetrics } from "./measure.ts";
import { MetricsApi } from "./metrics-api.ts";
import { MetricFailure, type MetricSources, type Proposal, propose } from "./proposal.ts";
import type { Scope } from "./replica-count.ts";
import { beginHistory, decide, type ScaleHistory, withScaling } from "./scale-history.ts";

type Autoscaler = autoscalingV2.HorizontalPodAutoscaler;

const component = "horizontal-pod-autoscaler";
const defaults = {
  syncPeriodMs: 15_000,
  downscaleStabilizationMs: 300_000,
  tolerance: 0.1,
  cpuInitializationPeriodMs: 300_000,
  initialReadinessDelayMs: 30_000,
};

/** Looks at every autoscaler once in a sync period and scales its target by its metrics. */
export function startHorizontalPodAutoscalerController(context: ControllerContext): RunningController {
  const { client, host, informers, discovery } = context;
  const settings = { ...defaults, ...context.config.autoscaler };
  const autoscalers = informers.informer(resources.horizontalpodautoscalers);
  const pods = informers.informer(resources.pods, { indexers: { [byNamespace]: indexByNamespace } });
  const events = context.recorder(component);
  const kinds = new KnownKinds(discovery, host);
  const api = new MetricsApi(client.transport);
  const measured = autoscalerMetrics(host);
  const histories = new Map<string, ScaleHistory>();
  /** Which pods each autoscaler scales: two must not fight over the same. */
  const selectors = new Map<string, { readonly namespace: string; readonly selector: Selector }>();
  const controller = runController({
    name: "horizontal-pod-autoscaler-controller",
    host,
    workers: context.workers("horizontal-pod-autoscaler-controller", 5),
    synced: [autoscalers, pods],
    reconcile: async (key): Promise<Outcome> => {
      const text = keyString(key);
      const autoscaler = autoscalers.store.get(text);
      if (autoscaler === undefined) return done;
      const failure = await measured.reconciling(() => reconcile(autoscaler, text));
      if (failure !== undefined) host.log.warn("autoscaler failed", { key: text, error: failure });
      // Never sooner, whatever happens: metrics change no faster.
      return again(settings.syncPeriodMs);
    },
  });

  /** Gives what was done, and what went wrong: neither keeps the next look waiting. */
  async function reconcile(
    autoscaler: Autoscaler,
    key: string,
  ): Promise<{ action: "up" | "down" | "none"; error?: string }> {
    const { namespace = "" } = autoscaler.metadata;
    const { scaleTargetRef: ref, minReplicas = 1, maxReplicas, behavior } = autoscaler.spec;
    const draft = new StatusDraft(autoscaler, host.clock.now());
    let target: Target;
    try {
      target = await readScale(client, await kinds.resourcesOf(ref.apiVersion, ref.kind), namespace, ref.name);
    } catch (error) {
      const message = messageOf(error);
      events.event(autoscaler, "Warning", "FailedGetScale", message);
      const what = `the HPA controller was unable to get the target's current scale: ${message}`;
      draft.tell("AbleToScale", false, "FailedGetScale", what);
      await write(autoscaler, draft.withConditions());
      return { action: "none", error: `failed to query scale subresource: ${message}` };
    }
    draft.tell(
      "AbleToScale",
      true,
      "SucceededGetScale",
      "the HPA controller was able to get the target's current scale",
    );
    const current = target.scale.spec?.replicas ?? 0;
    const history = histories.get(key) ?? beginHistory(current, host.clock.now());
    histories.set(key, history);
    let desired = current;
    let why = "";
    let metrics: autoscalingV2.MetricStatus[] | undefined;
    let error: string | undefined;
    if (current === 0 && minReplicas !== 0) {
      const message = "scaling is disabled since the replica count of the target is zero";
      draft.tell("ScalingActive", false, "ScalingDisabled", message);
    } else if (current > maxReplicas) {
      [desired, why] = [maxReplicas, "Current number of replicas above Spec.MaxReplicas"];
    } else if (current < minReplicas) {
      [desired, why] = [minReplicas, "Current number of replicas below Spec.MinReplicas"];
    } else {
      const found = await proposalFor(autoscaler, key, target, draft);
      metrics = found.statuses;
      error = found.error;
      if (found.best === undefined) {
        await write(autoscaler, draft.withReplicas(current, undefined, metrics, false));
        events.event(autoscaler, "Warning", "FailedComputeMetricsReplicas", error ?? "");
        return { action: "none", error };
      }
      const wish = found.best.replicas;
      if (wish > current) why = `${found.best.metric} above target`;
      if (wish < current) why = "All metrics below target";
      const { downscaleStabilizationMs } = settings;
      const nowMs = host.clock.now();
      const wanted = {
        current,
        desired: wish,
        min: minReplicas,
        max: maxReplicas,
        behavior,
        downscaleStabilizationMs,
        nowMs,
      };
      const decision = decide(history, wanted);
      histories.set(key, decision.history);
      draft.tell("AbleToScale", true, decision.ableToScale.reason, decision.ableToScale.message);
      draft.tell("ScalingLimited", decision.limited.isLimited, decision.limited.reason, decision.limited.message);
      desired = decision.replicas;
    }
    const scaled = desired !== current;
    if (scaled) {
      try {
        await writeScale(client, target, desired);
      } catch (failure) {
        const message = messageOf(failure);
        events.event(autoscaler, "Warning", "FailedRescale", `New size: ${desired}; reason: ${why}; error: ${message}`);
        const what = `the HPA controller was unable to update the target scale: ${message}`;
        draft.tell("AbleToScale", false, "FailedUpdateScale", what);
        await write(
          autoscaler,
          draft.withReplicas(current, undefined, autoscaler.status?.currentMetrics ?? undefined, false),
        );
        return { action: "none", error: `failed to rescale: ${message}` };
      }
      const told = `the HPA controller was able to update the target scale to ${desired}`;
      draft.tell("AbleToScale", true, "SucceededRescale", told);
      events.event(autoscaler, "Normal", "SuccessfulRescale", `New size: ${desired}; reason: ${why}`);
      const before = histories.get(key) ?? history;
      histories.set(key, withScaling(before, behavior, current, desired, host.clock.now()));
    }
    await write(autoscaler, draft.withReplicas(current, desired, metrics, scaled));
    return { action: !scaled ? "none" : desired > current ? "up" : "down", error };
  }

  interface Found {
    /** Undefined when the metrics do not tell what to do. */
    readonly best?: Proposal;
    readonly statuses?: autoscalingV2.MetricStatus[];
    readonly error?: string;
  }

  async function proposalFor(autoscaler: Autoscaler, key: string, target: Target, draft: StatusDraft): Promise<Found> {
    const { namespace = "" } = autoscaler.metadata;
    const podSelector = selectorOf(autoscaler, key, target, draft);
    if (typeof podSelector === "string") return { error: podSelector };
    const matching = podsUnder(namespace, podSelector);
    const rivals = rivalsFor(namespace, matching);
    if (rivals.length > 1) {
      const error = `pods by selector ${selectorString(podSelector)} are controlled by multiple HPAs: [${rivals.join(" ")}]`;
      events.event(autoscaler, "Warning", "AmbiguousSelector", error);
      draft.tell("ScalingActive", false, "AmbiguousSelector", error);
      return { error };
    }
    const { spec, status } = target.scale;
    const scope: Scope = {
      pods: matching,
      specReplicas: spec?.replicas ?? 0,
      statusReplicas: status?.replicas ?? 0,
      tolerances: tolerancesOf(autoscaler),
      delays: settings,
      nowMs: host.clock.now(),
    };
    const describe: MetricSources["describe"] = async ({ apiVersion, kind, name }) => {
      const [found] = await kinds.resourcesOf(apiVersion, kind);
      const { group, resource, namespaced } = found ?? { group: "", resource: "", namespaced: true };
      return { resource: group === "" ? resource : `${resource}.${group}`, namespaced, name };
    };
    return compare(autoscaler, scope, { api, namespace, podSelector, describe }, draft);
  }

  /** The largest of the wishes. What could not be read may not make the target smaller than it is. */
  async function compare(
    autoscaler: Autoscaler,
    scope: Scope,
    sources: MetricSources,
    draft: StatusDraft,
  ): Promise<Found> {
    const specs = autoscaler.spec.metrics ?? [];
    const statuses: autoscalingV2.MetricStatus[] = [];
    const failures: MetricFailure[] = [];
    let best: Proposal | undefined;
    for (const spec of specs) {
      try {
        const proposal = await measured.computing(spec.type, () => propose(spec, scope, sources));
        statuses.push(proposal.status);
        if (best === undefined || proposal.replicas > best.replicas) best = proposal;
      } catch (error) {
        if (!(error instanceof MetricFailure)) throw error;
        events.event(autoscaler, "Warning", error.reason, error.message);
        failures.push(error);
        statuses.push({ type: "" });
      }
    }
    const [first] = failures;
    const error =
      first && `invalid metrics (${failures.length} invalid out of ${specs.length}), first error is: ${first.summary}`;
    if (first !== undefined && (best === undefined || best.replicas < scope.specReplicas)) {
      const message = `the HPA was unable to compute the replica count: ${first.message}`;
      draft.tell("ScalingActive", false, first.reason, message);
      return { statuses, error };
    }
    const message = `the HPA was able to successfully calculate a replica count from ${best?.metric}`;
    draft.tell("ScalingActive", true, "ValidMetricFound", message);
    return { best, statuses, error };
  }

  /** The selector of the target's pods, or why there is none. */
  function selectorOf(autoscaler: Autoscaler, key: string, { scale }: Target, draft: StatusDraft): Selector | string {
    const text = scale.status?.selector ?? "";
    const { namespace = "" } = autoscaler.metadata;
    if (text === "") {
      const error = "selector is required";
      events.event(autoscaler, "Warning", "SelectorRequired", error);
      draft.tell("ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector");
      return error;
    }
    try {
      const selector = parseSelector(text);
      selectors.set(key, { namespace, selector });
      return selector;
    } catch (failure) {
      const error = `couldn't convert selector into a corresponding internal selector object: ${messageOf(failure)}`;
      events.event(autoscaler, "Warning", "InvalidSelector", error);
      draft.tell("ScalingActive", false, "InvalidSelector", error);
      return error;
    }
  }

  function podsUnder(namespace: string, selector: Selector): readonly Pod[] {
    return pods.store.byIndex(byNamespace, namespace).filter((pod) => matches(selector, pod.metadata.labels));
  }

  function rivalsFor(namespace: string, matching: readonly Pod[]): string[] {
    return [...selectors]
      .filter(([, one]) => one.namespace === namespace)
      .filter(([, { selector }]) => matching.some((pod) => matches(selector, pod.metadata.labels)))
      .map(([key]) => key)
      .sort();
  }

  function tolerancesOf({ spec }: Autoscaler) {
    const { scaleUp, scaleDown } = spec.behavior ?? {};
    const own = (text: string | undefined) =>
      text === undefined ? settings.tolerance : toApproximateFloat(parseQuantity(text));
    return { up: own(scaleUp?.tolerance), down: own(scaleDown?.tolerance) };
  }

  async function write(autoscaler: Autoscaler, status: autoscalingV2.HorizontalPodAutoscalerStatus): Promise<void> {
    if (semanticEqual(autoscaler.status, status)) return;
    try {
      await client.resource(resources.horizontalpodautoscalers).updateStatus({ ...autoscaler, status });
    } catch (error) {
      events.event(autoscaler, "Warning", "FailedUpdateStatus", messageOf(error));
      throw error;
    }
  }

  const later = (autoscaler: Autoscaler): void => {
    const { namespace, name = "" } = autoscaler.metadata;
    controller.queue.addAfter(keyString({ namespace, name }), settings.syncPeriodMs);
  };
  autoscalers.addHandlers({
    add: later,
    update: (_, autoscaler) => later(autoscaler),
    delete: ({ metadata: { namespace, name = "" } }) => {
      const key = keyString({ namespace, name });
      histories.delete(key);
      selectors.delete(key);
    },
  });
  return controller;
}
