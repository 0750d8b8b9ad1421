import type { VolumeUsage } from "../volume-usage.ts";

/** What a driver says of a volume, in one unit. */
export interface CsiUsage {
  readonly unit: "UNKNOWN" | "BYTES" | "INODES";
  readonly total: number;
  readonly available: number;
  readonly used: number;
}

/** The driver's answer to NodeGetVolumeStats; a unit that it does not tell is not known. */
export function volumeUsageOf(told: readonly CsiUsage[]): VolumeUsage {
  const bytes = told.find(({ unit }) => unit === "BYTES");
  const inodes = told.find(({ unit }) => unit === "INODES");
  return {
    ...(bytes && { capacityBytes: bytes.total, availableBytes: bytes.available, usedBytes: bytes.used }),
    ...(inodes && { inodes: inodes.total, inodesFree: inodes.available, inodesUsed: inodes.used }),
  };
}
