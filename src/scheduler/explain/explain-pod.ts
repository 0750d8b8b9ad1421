import { keyString, type ObjectKey } from "../../api/meta/index.ts";
import { type Client, createEventRecorder, createInformerFactory, resources } from "../../client/index.ts";
import type { Host } from "../../host/index.ts";
import { ClusterState } from "../cluster-state.ts";
import { watchCluster } from "../cluster-watch.ts";
import { podInfoOf } from "../pod-info.ts";
import { defaultSchedulerName } from "../profile.ts";
import { type CustomPlugin, createProfiles, type ProfileConfig } from "../profile-factory.ts";
import { createClusterReader } from "../spreading.ts";
import { PermitWaits } from "../waiting-pods.ts";
import { type Explanation, explain } from "./explain.ts";

export interface ExplainPodOptions {
  readonly client: Client;
  readonly host: Host;
  readonly pod: ObjectKey;
  /** As the scheduler was started with; default one profile, default-scheduler. */
  readonly profiles?: readonly ProfileConfig[];
  readonly plugins?: readonly CustomPlugin[];
  /** See `SchedulerOptions`. */
  readonly without?: readonly string[];
}

/** The pod cannot be explained: there is none, or another scheduler has it. */
export class ExplainError extends Error {
  override readonly name = "ExplainError";
}

/**
 * Why a pod got its node, or none: reads the cluster once and asks the plugins of the pod's profile. Writes nothing.
 * Extenders are not asked.
 * @throws ExplainError
 */
export async function explainPod(options: ExplainPodOptions): Promise<Explanation> {
  const { client, host, profiles = [{ schedulerName: defaultSchedulerName }], plugins = [] } = options;
  const informers = createInformerFactory(client, host);
  const cluster = new ClusterState(createClusterReader(informers));
  const events = createEventRecorder({ client, host, component: "explain" });
  const handlers = watchCluster(informers, cluster, {
    isOurs: () => false,
    podAdded: () => {},
    podRefreshed: () => {},
    podRemoved: () => {},
    event: () => {},
  });
  try {
    const waitingPods = new PermitWaits(host.clock);
    const shared = {
      host,
      client,
      informers,
      cluster,
      events,
      waitingPods,
      extenders: [],
      emit: () => {},
      recheckGated: () => {},
    };
    const made = createProfiles({
      profiles,
      custom: plugins,
      enableCustom: options.profiles === undefined,
      ...(options.without && { without: options.without }),
      handleFor: (schedulerName, filters) => ({ ...shared, schedulerName, filters }),
    });
    informers.start();
    await informers.whenSynced();
    const key = keyString(options.pod);
    const pod = informers.informer(resources.pods).store.get(key);
    if (!pod) throw new ExplainError(`pod ${key} not found`);
    const schedulerName = pod.spec?.schedulerName ?? defaultSchedulerName;
    const profile = made.get(schedulerName);
    if (!profile) {
      const known = [...made.keys()].join(", ");
      throw new ExplainError(`pod ${key} wants the scheduler ${schedulerName}; this one has the profiles ${known}`);
    }
    const boundTo = pod.spec?.nodeName;
    const spec = pod.spec && { ...pod.spec, nodeName: undefined };
    if (boundTo) cluster.removePod(key);
    const info = podInfoOf(boundTo && spec ? { ...pod, spec } : pod);
    return explain(info, { profile, cluster, random: host.random, ...(boundTo && { boundTo }) });
  } finally {
    for (const handler of handlers) handler.remove();
    await events.stop();
    informers.stop();
  }
}
