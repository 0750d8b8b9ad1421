import type { KubeObject } from "../api/meta/index.ts";

/**
 * Which versions of objects a controller has written itself. A view that lacks one of them is behind: who acts upon it
 * does once more what was done already. Versions rise with every write, so that the newer one is the larger number.
 */
export class OwnWrites {
  readonly #byUid = new Map<string, bigint>();

  wrote({ metadata: { uid = "", resourceVersion } }: KubeObject): void {
    if (resourceVersion !== undefined) this.#byUid.set(uid, BigInt(resourceVersion));
  }

  /** The version that was written is on its way, and brings a turn of its own. */
  isBehind({ metadata: { uid = "", resourceVersion } }: KubeObject): boolean {
    const written = this.#byUid.get(uid);
    if (written === undefined || resourceVersion === undefined) return false;
    if (BigInt(resourceVersion) < written) return true;
    this.#byUid.delete(uid);
    return false;
  }

  forget({ metadata: { uid = "" } }: KubeObject): void {
    this.#byUid.delete(uid);
  }
}
