import { compareQuantity, parseQuantity, quantityToNumber } from "../../../api/meta/index.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../../api/types/index.ts";

/** Conditions of a claim whose file system is still to grow. */
const resizing: ReadonlySet<string> = new Set(["Resizing", "FileSystemResizePending"]);

/** How large a volume became that its claim does not tell yet: its file system on the node has to follow. */
export function expansionOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const wanted = volume.spec?.capacity?.storage;
  const told = claim.status?.capacity?.storage;
  if (wanted === undefined || told === undefined) return undefined;
  return compareQuantity(parseQuantity(wanted), parseQuantity(told)) > 0 ? wanted : undefined;
}

/** What the driver is asked to make room for. */
export function capacityRange(size: string): object {
  return { requiredBytes: quantityToNumber(size) };
}

/** What the claim's status says while the node is at it. */
export const expansionBegun = { allocatedResourceStatuses: { storage: "NodeResizeInProgress" } };

/** A patch that says that it is done. */
export function expansionDone({ status }: PersistentVolumeClaim, size: string): object {
  return {
    capacity: { ...status?.capacity, storage: size },
    conditions: (status?.conditions ?? []).filter(({ type }) => !resizing.has(type)),
    allocatedResourceStatuses: { storage: null },
  };
}

/** Errors of a driver after which it is not to be asked again: the size cannot be had. */
export function isInfeasible(error: unknown): boolean {
  return error instanceof Error && /^rpc error: code = (InvalidArgument|OutOfRange|NotFound)\b/.test(error.message);
}

export const expansionInfeasible = { allocatedResourceStatuses: { storage: "NodeResizeInfeasible" } };
