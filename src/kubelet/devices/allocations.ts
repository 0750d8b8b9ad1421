import { readFile, rename, writeFile } from "node:fs/promises";
import { undefinedIfAbsent } from "../../host/index.ts";
import type { Allocated } from "./device-plugin.ts";

/** Devices of one resource that a container has. */
export interface Allocation {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly ids: readonly string[];
  readonly allocated: Allocated;
}

/** What a kubelet that starts must know of its predecessor: plugins cannot tell whom they gave what. */
export interface Remembered {
  readonly resources: readonly string[];
  readonly allocations: readonly Allocation[];
}

/** Replaces the file as a whole, so that a crash leaves the old one or the new one. */
export async function writeAllocations(path: string, remembered: Remembered): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(remembered), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function readAllocations(path: string): Promise<Remembered> {
  const text = await readFile(path, "utf8").catch(undefinedIfAbsent);
  return text === undefined ? { resources: [], allocations: [] } : JSON.parse(text);
}

export interface Choice {
  readonly resource: string;
  readonly count: number;
  readonly healthy: ReadonlySet<string>;
  /** What other containers have. */
  readonly taken: ReadonlySet<string>;
  /** What the pod's init containers had, which are over when the others start. */
  readonly reusable: readonly string[];
  /** What the plugin would take. */
  preferred(available: readonly string[], mustInclude: readonly string[], size: number): Promise<readonly string[]>;
}

/**
 * The devices that a container gets: those that its pod has already, then those that the plugin prefers, then any.
 * @throws Error when there are not enough
 */
export async function choose({ resource, count, healthy, taken, reusable, preferred }: Choice): Promise<string[]> {
  const chosen = reusable.filter((id) => healthy.has(id)).slice(0, count);
  if (chosen.length === count) return chosen;
  const free = [...healthy].filter((id) => !taken.has(id) && !chosen.includes(id)).sort();
  const missing = count - chosen.length;
  if (free.length < missing) {
    throw new Error(
      `requested number of devices unavailable for ${resource}. Requested: ${missing}, Available: ${free.length}`,
    );
  }
  const wanted = free.length === missing ? [] : await preferred([...chosen, ...free], chosen, count);
  const order = [...wanted.filter((id) => free.includes(id)), ...free];
  return [...new Set([...chosen, ...order])].slice(0, count);
}
