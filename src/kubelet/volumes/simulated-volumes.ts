import type { Pod } from "../../api/types/index.ts";
import type { References } from "../references.ts";
import { whyUnmounted } from "./claims.ts";
import { type Preparation, VolumeError, type VolumeManager } from "./volume-manager.ts";

const retryAfterMs = 10_000;

/** Volumes of simulated containers, which write to no disk: all that counts is whether claims are bound. */
export class SimulatedVolumes implements VolumeManager {
  readonly #references: Pick<References, "claim">;

  constructor(references: Pick<References, "claim">) {
    this.#references = references;
  }

  async prepare(pod: Pod): Promise<Preparation> {
    const unmounted = await whyUnmounted(pod, this.#references.claim);
    return unmounted === undefined ? { ready: true } : { ready: false, problems: [unmounted], retryAfterMs };
  }

  async mountsFor(): Promise<readonly []> {
    return [];
  }

  async devicesFor(): Promise<readonly []> {
    return [];
  }

  readText(): Promise<never> {
    return Promise.reject(new VolumeError("volumes of simulated nodes hold no files"));
  }

  adopt(): void {}

  podSeen(): void {}

  async release(): Promise<void> {}

  async removeOrphans(): Promise<void> {}

  inUse(): readonly [] {
    return [];
  }

  async usage(): Promise<readonly []> {
    return [];
  }

  stop(): void {}
}
