import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mounter, MountRequest } from "./mounting/mounter.ts";

/** For tests without root: remembers what is mounted, and mounts nothing. */
export class RememberingMounter implements Mounter {
  readonly requests: MountRequest[] = [];
  #points: string[] = [];

  async mount(request: MountRequest): Promise<void> {
    this.requests.push(request);
    this.#points.push(request.target);
  }

  async unmount(target: string): Promise<void> {
    this.#points = this.#points.filter((point) => point !== target);
  }

  async mountPoints(): Promise<readonly string[]> {
    return this.#points;
  }
}

/** A folder for one test. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "sampan-volumes-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
