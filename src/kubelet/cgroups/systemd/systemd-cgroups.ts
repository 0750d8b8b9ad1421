import { lstat } from "node:fs/promises";
import { type Host, undefinedIfAbsent } from "../../../host/index.ts";
import { openSystemBus } from "../../dbus/index.ts";
import type { Cgroups } from "../cgroup-files.ts";
import { type CgroupName, partOf, sliceAbove, sliceOf, slicePath } from "../cgroup-names.ts";
import type { CgroupLimits } from "../pod-limits.ts";
import { isNoSuchUnit, SystemdUnits } from "./systemd-units.ts";
import { limitProperties, newSlice, roundedQuota } from "./unit-properties.ts";

/** Cgroups cannot be made as they are asked for. */
export class CgroupError extends Error {
  override readonly name = "CgroupError";
}

/** Where it is told that systemd is the machine's init. */
const runningFolder = "/run/systemd/system";

/**
 * Cgroups as slices of systemd, which is told of their limits so that it does not undo them.
 * @param kernel is told, too: of what systemd does not keep
 * @param folder that is there when systemd runs
 * @throws CgroupError when systemd does not run
 */
export async function openSystemdCgroups(host: Host, kernel: Cgroups, folder = runningFolder): Promise<Cgroups> {
  const found = await lstat(folder).catch(undefinedIfAbsent);
  if (found?.isDirectory() !== true) {
    throw new CgroupError("systemd not running on this host, cannot use systemd cgroups manager");
  }
  const units = new SystemdUnits(host.clock, () => openSystemBus(host.clock));
  try {
    return new SystemdCgroups(kernel, units, await units.version());
  } catch (cause) {
    units.close();
    const why = cause instanceof Error ? cause.message : cause;
    throw new CgroupError(`cannot use systemd cgroups manager: systemd does not answer: ${why}`, { cause });
  }
}

class SystemdCgroups implements Cgroups {
  readonly version: 1 | 2;
  readonly #kernel: Cgroups;
  readonly #units: SystemdUnits;
  readonly #systemdVersion: number;
  /** Units that were made, or found, since this process began. */
  readonly #made = new Set<string>();

  constructor(kernel: Cgroups, units: SystemdUnits, systemdVersion: number) {
    this.version = kernel.version;
    this.#kernel = kernel;
    this.#units = units;
    this.#systemdVersion = systemdVersion;
  }

  async set(name: CgroupName, limits: CgroupLimits): Promise<void> {
    const unit = sliceOf(name);
    const properties = limitProperties(limits, this.version, this.#systemdVersion);
    await this.#make(name, unit);
    try {
      await this.#units.set(unit, properties);
    } catch (error) {
      if (!isNoSuchUnit(error)) throw error;
      // Somebody stopped it.
      this.#made.delete(unit);
      await this.#make(name, unit);
      await this.#units.set(unit, properties);
    }
    await this.#kernel.set(slicePath(name), roundedQuota(limits));
  }

  async remove(name: CgroupName): Promise<void> {
    const unit = sliceOf(name);
    this.#made.delete(unit);
    await this.#units.stop(unit);
    // Older ones leave what is below a slice.
    await this.#kernel.remove(slicePath(name));
  }

  async children(name: CgroupName): Promise<readonly string[]> {
    const slices = await this.#kernel.children(slicePath(name));
    return slices.flatMap((slice) => partOf(slice, name) ?? []);
  }

  close(): void {
    this.#units.close();
  }

  async #make(name: CgroupName, unit: string): Promise<void> {
    if (this.#made.has(unit)) return;
    await this.#units.start(unit, newSlice(unit, sliceAbove(name), this.version));
    this.#made.add(unit);
  }
}
