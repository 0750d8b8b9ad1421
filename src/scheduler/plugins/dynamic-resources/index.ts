/** DynamicResources: devices that pods claim (resource.k8s.io/v1, structured parameters). */
import { keyOf, keyString } from "../../../api/meta/index.ts";
import type {
  AllocationResult,
  DeviceRequest,
  NodeSelector,
  ResourceClaimResourceV1 as ResourceClaim,
} from "../../../api/types/index.ts";
import { resources } from "../../../client/index.ts";
import type { Plugin, PluginHandle, PostFilterResult, Rejection } from "../../framework.ts";
import type { NodeInfo } from "../../node-info.ts";
import type { PodInfo } from "../../pod-info.ts";
import { Allocations } from "./allocations.ts";
import { allocate } from "./allocator.ts";
import { canBeReserved, claimsOf, isIdle, isReservedFor } from "./claims.ts";
import { poolsOf, selects } from "./inventory.ts";
import { deallocate, writeAllocation } from "./write-claim.ts";

const name = "DynamicResources";
const notHere = refusal("resourceclaim not available on the node");
const notEnough = refusal("cannot allocate all claims");

/** What an informer tells; devices and claims that pods wait for. */
export function createDynamicResources(handle: PluginHandle): Plugin {
  const { client, informers, host } = handle;
  const claims = informers.informer(resources.resourceclaims);
  const slices = informers.informer(resources.resourceslices);
  const classes = informers.informer(resources.deviceclasses);
  const allocations = new Allocations(() => claims.store.list());
  watch(handle, allocations);

  const claimBy = (key: string) => claims.store.get(key);
  const classOf = (className: string) => classes.store.get(className);
  const stateNow = () => ({ pools: poolsOf(slices.store.list()), classOf, taken: allocations.taken() });
  const podClaims = ({ pod }: PodInfo) => claimsOf(pod, claimBy);
  const unallocated = (found: readonly ResourceClaim[]) => found.filter((claim) => !allocations.allocationOf(claim));

  const isMine = (info: PodInfo, key: string) => {
    const found = podClaims(info);
    return "missing" in found || found.some((claim) => keyString(keyOf(claim)) === key);
  };

  return {
    name,
    wakesOn: {
      // A claim of the pod's own changed, or another one may have given devices back.
      "resource-claim/changed": (info, { object, old }) =>
        isMine(info, keyString(keyOf(object))) || old === undefined || hadAllocation(old) !== hadAllocation(object),
      "resource-slice/changed": true,
      "device-class/changed": true,
      "node/added": true,
      "node/labels": true,
      "assigned-pod/deleted": ({ pod }) => Boolean(pod.spec?.resourceClaims?.length),
    },

    preEnqueue: (info) => {
      if (!info.pod.spec?.resourceClaims?.length) return undefined;
      const found = podClaims(info);
      return "missing" in found ? found.missing : undefined;
    },

    prepareFilter: (info) => {
      if (!info.pod.spec?.resourceClaims?.length) return undefined;
      const found = podClaims(info);
      if ("missing" in found) return { rejected: refusal(found.missing) };
      if (found.some((claim) => !canBeReserved(claim, info.pod))) return { rejected: refusal("resourceclaim in use") };
      const open = unallocated(found);
      const missing = missingClass(open, (className) => classOf(className) !== undefined);
      if (missing) return { rejected: refusal(missing) };
      const placed = found.flatMap((claim) => allocations.allocationOf(claim)?.nodeSelector ?? []);
      const state = open.length > 0 ? stateNow() : undefined;
      return (node) => {
        if (!reachesAll(placed, node)) return notHere;
        if (!state) return undefined;
        try {
          return allocate(open, node, state) ? undefined : notEnough;
        } catch (error) {
          return refusal(messageOf(error));
        }
      };
    },

    /** Devices that nobody uses, but that keep the pod from the nodes, are taken back. */
    postFilter: async (info, fit): Promise<PostFilterResult> => {
      if (fit.pod) return { helped: false, final: true, message: "not found" };
      const found = podClaims(info);
      if ("missing" in found || found.length === 0) return { helped: false, message: "no new claims to deallocate" };
      const isUnavailable = [...fit.nodes.values()].some((rejection) => rejection === notHere);
      const idle = found.find((claim) => claim.status?.allocation && isIdle(claim, info.pod));
      if (!isUnavailable || !idle) return { helped: false, message: "still not schedulable" };
      await deallocate(client, idle);
      return { helped: false, final: true, message: "deallocation of ResourceClaim completed" };
    },

    prepareReserve: (info, node) => {
      if (!info.pod.spec?.resourceClaims?.length) return undefined;
      const found = podClaims(info);
      if ("missing" in found) return { rejected: refusal(found.missing) };
      const open = unallocated(found);
      const results = open.length > 0 ? allocate(open, node, stateNow()) : [];
      if (!results) return { rejected: notEnough };
      const decided = new Map<ResourceClaim, AllocationResult>();
      for (const [i, claim] of open.entries()) {
        const allocation = results[i];
        if (!allocation) continue;
        decided.set(claim, allocation);
        allocations.hold(claim, allocation);
      }
      return {
        plugin: name,
        preBind: async () => {
          for (const seen of found) {
            const claim = claimBy(keyString(keyOf(seen))) ?? seen;
            const allocation = claim.status?.allocation ? undefined : decided.get(seen);
            if (!allocation && isReservedFor(claim, info.pod)) continue;
            await writeAllocation(client, claim, info.pod, allocation).catch((error: unknown) => {
              host.log.debug("cannot write a claim", { claim: claim.metadata.name, error: messageOf(error) });
              throw error;
            });
          }
        },
        // When the pod is bound, the claims themselves will soon say so; until then what was decided holds.
        release: (bound) => {
          if (!bound) for (const claim of decided.keys()) allocations.release(claim);
        },
      };
    },
  };
}

function watch({ informers, emit }: PluginHandle, allocations: Allocations): void {
  informers.informer(resources.resourceclaims).addHandlers({
    add: (object) => {
      allocations.claimChanged(object, false);
      emit({ kind: "resource-claim/changed", object });
    },
    update: (old, object) => {
      allocations.claimChanged(object, false);
      emit({ kind: "resource-claim/changed", object, old });
    },
    delete: (object) => {
      allocations.claimChanged(object, true);
      emit({ kind: "resource-claim/changed", object });
    },
  });
  informers.informer(resources.resourceslices).addHandlers({
    add: (object) => emit({ kind: "resource-slice/changed", object }),
    update: (old, object) => emit({ kind: "resource-slice/changed", object, old }),
    delete: (object) => emit({ kind: "resource-slice/changed", object }),
  });
  informers.informer(resources.deviceclasses).addHandlers({
    add: (object) => emit({ kind: "device-class/changed", object }),
    update: (old, object) => emit({ kind: "device-class/changed", object, old }),
  });
}

function hadAllocation(claim: object): boolean {
  return (claim as ResourceClaim).status?.allocation !== undefined;
}

function missingClass(claims: readonly ResourceClaim[], exists: (className: string) => boolean): string | undefined {
  for (const { spec } of claims) {
    for (const request of spec.devices?.requests ?? []) {
      const className = classesOf(request).find((wanted) => !exists(wanted));
      if (className !== undefined) return `request ${request.name}: device class ${className} does not exist`;
    }
  }
  return undefined;
}

function classesOf({ exactly, firstAvailable = [] }: DeviceRequest): string[] {
  return exactly ? [exactly.deviceClassName] : firstAvailable.map(({ deviceClassName }) => deviceClassName);
}

function reachesAll(selectors: readonly NodeSelector[], node: NodeInfo): boolean {
  return selectors.every((selector) => selects(selector, node));
}

function refusal(reason: string): Rejection {
  return { plugin: name, reasons: [reason], resolvable: false };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
