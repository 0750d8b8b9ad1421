/** Drives pods off devices whose driver taints them NoExecute, when the claims' tolerations, or the time these allow, have run out. */
import { formatTime, isReason, keyOf, keyString, setCondition } from "../../api/meta/index.ts";
import type {
  Pod,
  PodCondition,
  ResourceClaimResourceV1 as ResourceClaim,
  ResourceSlice,
} from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { claimNameOf, isReservedFor } from "../resourceclaim/index.ts";
import { evictionTime, poolKey, taintsOf } from "./plan.ts";

const name = "device-taint-eviction-controller";
const component = "device-taint-eviction";
const reason = "DeviceTaintManagerEviction";
const byPool = "pool";
const byClaim = "claim";

export const startDeviceTaintEvictionController: StartController = ({ client, host, informers, recorder }) => {
  const slices = informers.informer(resources.resourceslices, { indexers: { [byPool]: poolsOfSlice } });
  const claims = informers.informer(resources.resourceclaims, { indexers: { [byPool]: poolsOfClaim } });
  const pods = informers.informer(resources.pods, { indexers: { [byClaim]: claimsOfPod } });
  const events = recorder(component);
  const deletions = host.metrics.counter({
    name: "device_taint_eviction_controller_pod_deletions_total",
    help: "Pods that were deleted for the taints of their devices.",
  });
  /** Pods whose time runs. */
  const waiting = new Set<string>();
  const controller = runController({
    name,
    host,
    workers: 8,
    synced: [slices, claims, pods],
    reconcile: (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const pod = pods.store.get(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
      waiting.delete(key);
      return done;
    }
    const time = pod.spec.nodeName ? evictionTimeOf(pod) : Number.POSITIVE_INFINITY;
    if (time === Number.POSITIVE_INFINITY) {
      if (waiting.delete(key)) events.event(pod, "Normal", reason, "Cancelling deletion");
      return done;
    }
    waiting.add(key);
    const left = time - host.clock.now();
    if (left > 0) return again(left);
    await evict(pod);
    return done;
  }

  function evictionTimeOf(pod: Pod): number {
    const own = claimsOfPod(pod).flatMap((key) => claims.store.get(key) ?? []);
    const times = own
      .filter((claim) => isReservedFor(claim, pod))
      .map((claim) =>
        evictionTime(claim, ({ driver, pool, device }) =>
          taintsOf(slices.store.byIndex(byPool, poolKey({ driver, pool })), device),
        ),
      );
    return Math.min(...times, Number.POSITIVE_INFINITY);
  }

  async function evict(pod: Pod): Promise<void> {
    events.event(pod, "Normal", reason, "Marking for deletion");
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByDeviceTaintManager",
      message: "Device Taint manager: deleting due to NoExecute taint",
    };
    const known = (pod.status?.conditions ?? []) as Timed[];
    const conditions = setCondition<Timed>(known, condition, formatTime(host.clock.now()));
    try {
      await client.resource(resources.pods).updateStatus({ ...pod, status: { ...pod.status, conditions } });
      await client.resource(resources.pods).delete(objectKey(pod), { preconditions: { uid: pod.metadata.uid } });
      deletions.inc();
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  const podSeen = (pod: Pod): void => {
    if (claimsOfPod(pod).length > 0) controller.enqueue(pod);
  };
  pods.addHandlers({ add: podSeen, update: (_, pod) => podSeen(pod), delete: podSeen });
  const claimSeen = (claim: ResourceClaim): void => {
    for (const pod of pods.store.byIndex(byClaim, keyString(keyOf(claim)))) controller.enqueue(pod);
  };
  claims.addHandlers({ add: claimSeen, update: (_, claim) => claimSeen(claim), delete: claimSeen });
  const sliceSeen = (slice: ResourceSlice): void => {
    for (const pool of poolsOfSlice(slice)) claims.store.byIndex(byPool, pool).forEach(claimSeen);
  };
  slices.addHandlers({
    add: sliceSeen,
    update: (old, slice) => {
      if (old.spec !== slice.spec) sliceSeen(slice);
    },
    delete: sliceSeen,
  });
  return controller;
};

function poolsOfSlice({ spec }: ResourceSlice): string[] {
  return [poolKey({ driver: spec.driver, pool: spec.pool.name })];
}

function poolsOfClaim({ status }: ResourceClaim): string[] {
  return [...new Set((status?.allocation?.devices?.results ?? []).map(poolKey))];
}

/** Keys of the claims of a pod that are known. */
function claimsOfPod(pod: Pod): string[] {
  const named = (pod.spec.resourceClaims ?? []).map((entry) => claimNameOf(pod, entry));
  const all = [...named, pod.status?.extendedResourceClaimStatus?.resourceClaimName];
  const { namespace } = pod.metadata;
  return all.flatMap((claim) => (claim ? [keyString({ namespace, name: claim })] : []));
}

type Timed = Omit<PodCondition, "lastTransitionTime"> & { lastTransitionTime?: string };
