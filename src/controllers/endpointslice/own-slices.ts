import type { EndpointSlice } from "../../api/types/index.ts";
import type { Clock } from "../../host/index.ts";

/** A view that never shows what was written (made and deleted in between) is believed after so long. */
const forgottenAfterMs = 5 * 60_000;

interface Written {
  /** Undefined when it was deleted. */
  readonly version: bigint | undefined;
  readonly atMs: number;
}

/**
 * Which slices of each service were written and are not in the view yet. Who plans without them makes the same endpoints
 * once more, in another slice.
 */
export class OwnSlices {
  readonly #clock: Clock;
  readonly #byService = new Map<string, Map<string, Written>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wrote(service: string, { metadata: { name = "", resourceVersion } }: EndpointSlice): void {
    if (resourceVersion !== undefined) this.#put(service, name, BigInt(resourceVersion));
  }

  deleted(service: string, name: string): void {
    this.#put(service, name, undefined);
  }

  /** A version came into the view: what was written up to it is seen, also when it is another service's by then. */
  saw(service: string, { metadata: { name = "", resourceVersion = "0" } }: EndpointSlice): void {
    const version = this.#byService.get(service)?.get(name)?.version;
    if (version !== undefined && BigInt(resourceVersion) >= version) this.gone(service, name);
  }

  /** It was seen to go, whoever deleted it. */
  gone(service: string, name: string): void {
    const written = this.#byService.get(service);
    written?.delete(name);
    if (written?.size === 0) this.#byService.delete(service);
  }

  /** Whether what is seen of a service's slices lacks something that was written; what is missing brings its own turn. */
  isBehind(service: string, seen: readonly EndpointSlice[]): boolean {
    const written = this.#byService.get(service);
    if (written === undefined) return false;
    const byName = new Map(seen.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
    let behind = false;
    for (const [name, { version, atMs }] of written) {
      const present = byName.get(name);
      const isSeen =
        version === undefined ? present === undefined : present !== undefined && BigInt(present) >= version;
      if (isSeen || this.#clock.now() - atMs > forgottenAfterMs) written.delete(name);
      else behind = true;
    }
    if (written.size === 0) this.#byService.delete(service);
    return behind;
  }

  #put(service: string, name: string, version: bigint | undefined): void {
    const written = this.#byService.get(service) ?? new Map<string, Written>();
    this.#byService.set(service, written.set(name, { version, atMs: this.#clock.now() }));
  }
}
