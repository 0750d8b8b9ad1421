import { parseTime } from "../../api/meta/index.ts";
import { tolerates } from "../../api/placement/index.ts";
import type { ResourceClaimResourceV1 as ResourceClaim, ResourceSlice } from "../../api/types/index.ts";

type Allocated = NonNullable<
  NonNullable<NonNullable<NonNullable<ResourceClaim["status"]>["allocation"]>["devices"]>["results"]
>[number];
type Device = NonNullable<ResourceSlice["spec"]["devices"]>[number];
export type DeviceTaint = NonNullable<Device["taints"]>[number];

export function poolKey({ driver, pool }: { readonly driver: string; readonly pool: string }): string {
  return `${driver}/${pool}`;
}

/** The taints of a device by what its pool says now: of several generations only the newest counts. */
export function taintsOf(slices: readonly ResourceSlice[], device: string): readonly DeviceTaint[] {
  const newest = Math.max(...slices.map(({ spec }) => spec.pool.generation));
  return slices
    .filter(({ spec }) => spec.pool.generation === newest)
    .flatMap(({ spec }) => spec.devices?.find(({ name }) => name === device)?.taints ?? []);
}

/**
 * When the pods of a claim have to go because of its devices' taints, in milliseconds since the epoch; infinity for never.
 * The earliest of all counts; of the tolerations of one taint the shortest.
 */
export function evictionTime(claim: ResourceClaim, taintsOf: (device: Allocated) => readonly DeviceTaint[]): number {
  const devices = claim.status?.allocation?.devices?.results ?? [];
  return Math.min(...devices.flatMap((device) => taintsOf(device).map((taint) => timeOf(taint, device))), never);
}

const never = Number.POSITIVE_INFINITY;

function timeOf(taint: DeviceTaint, { tolerations = [] }: Allocated): number {
  // The API server writes since when a taint is there.
  if (taint.effect !== "NoExecute" || taint.timeAdded === undefined) return never;
  const added = parseTime(taint.timeAdded);
  const fitting = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (fitting.length === 0) return added;
  const seconds = fitting.map(({ tolerationSeconds }) => Math.max(0, tolerationSeconds ?? never));
  return added + Math.min(...seconds) * 1000;
}
