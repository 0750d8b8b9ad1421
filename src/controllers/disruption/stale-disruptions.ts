import { findCondition, formatTime, isReason, keyString, parseTime } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { again, type Controller, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext } from "../context.ts";
import { objectKey } from "../owners.ts";
import { hasEnded } from "../pods/index.ts";

/** A disruption that was told and has not come after this long will not come. */
const disruptionHoldsMs = 120_000;
const disruptionTarget = "DisruptionTarget";

/** Takes back that a pod is about to be disrupted, when nobody deletes it. */
export function watchStaleDisruptions({ client, host, informers }: ControllerContext): Controller {
  const pods = informers.informer(resources.pods);
  const controller = runController({
    name: "stale_pod_disruption",
    host,
    workers: 1,
    synced: [pods],
    reconcile: (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const pod = pods.store.get(key);
    const told = pod === undefined ? undefined : disruptedSince(pod);
    if (pod === undefined || told === undefined) return done;
    const left = told + disruptionHoldsMs - host.clock.now();
    if (left > 0) return again(left);
    const lastTransitionTime = formatTime(host.clock.now());
    const { uid, resourceVersion, generation } = pod.metadata;
    const condition = {
      type: disruptionTarget,
      status: "False",
      lastTransitionTime,
      observedGeneration: generation,
    };
    const patch = { metadata: { uid, resourceVersion }, status: { conditions: [condition] } };
    try {
      await client.resource(resources.pods).subresource("status").patch(objectKey(pod), "strategic", patch);
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
    return done;
  }

  const consider = (pod: Pod): void => {
    if (disruptedSince(pod) !== undefined) controller.enqueue(pod);
  };
  pods.addHandlers({ add: consider, update: (_, pod) => consider(pod) });
  return controller;
}

/** Since when others expect that the pod is deleted. What its own node told may take as long as the pod needs to end. */
function disruptedSince(pod: Pod): number | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || hasEnded(pod)) return undefined;
  const told = findCondition(pod.status?.conditions, disruptionTarget);
  if (told?.status !== "True" || told.reason === "TerminationByKubelet" || !told.lastTransitionTime) return undefined;
  return parseTime(told.lastTransitionTime);
}
