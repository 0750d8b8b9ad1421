import type { Clock, Host, Timer } from "../../host/index.ts";
import type { ContainerRuntime, Image } from "../runtime/runtime.ts";

export interface ImageCollectorOptions {
  /** Share of the images' disk, 0 to 100, from which on unused ones are removed (`--image-gc-high-threshold`). Default 85. */
  readonly highPercent?: number;
  /** And down to which (`--image-gc-low-threshold`). Default 80. */
  readonly lowPercent?: number;
  /** Images that were first seen less than this ago stay (`--minimum-image-ttl-duration`). Default 2 minutes. */
  readonly minAgeMs?: number;
}

export interface ImageCollectorPorts {
  readonly host: Host;
  readonly runtime: Pick<ContainerRuntime, "listImages" | "listContainers" | "removeImage">;
  /** The disk that images are on. */
  diskOf(): Promise<{ readonly available: number; readonly capacity: number }>;
  /** Images that must stay though no container uses them, such as the one of the pause container. */
  readonly pinned: (image: Image) => boolean;
  /** A warning about the node. */
  warn(reason: string, message: string): void;
}

const collectEveryMs = 5 * 60_000;

/** Removes images that no container uses, the longest unused first, when their disk fills up. */
export class ImageCollector {
  readonly #ports: ImageCollectorPorts;
  readonly #clock: Clock;
  readonly #options: Required<ImageCollectorOptions>;
  /** By image ID: when it was first seen, and last seen in use. */
  readonly #seen = new Map<string, { readonly firstMs: number; usedMs: number }>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    ports: ImageCollectorPorts,
    { highPercent = 85, lowPercent = 80, minAgeMs = 120_000 }: ImageCollectorOptions = {},
  ) {
    this.#ports = ports;
    this.#clock = ports.host.clock;
    this.#options = { highPercent, lowPercent, minAgeMs };
  }

  start(): void {
    this.#timer = this.#clock.setTimer(collectEveryMs, () => void this.#collectAndGoOn());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #collectAndGoOn(): Promise<void> {
    try {
      await this.collect();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#ports.host.log.error("image garbage collection failed", { error: message });
      this.#ports.warn("ImageGCFailed", message);
    }
    if (!this.#stopped) this.start();
  }

  /** Frees the disk down to the low threshold when it is filled above the high one. */
  async collect(): Promise<void> {
    const unused = await this.#unused();
    const { available, capacity } = await this.#ports.diskOf();
    if (capacity === 0) throw new Error("invalid capacity 0 on image filesystem");
    const usedPercent = 100 - Math.floor((available * 100) / capacity);
    const { highPercent, lowPercent, minAgeMs } = this.#options;
    if (usedPercent < highPercent) return;
    const wanted = Math.floor((capacity * (100 - lowPercent)) / 100) - available;
    this.#ports.host.log.info("disk of images is above the high threshold", { usedPercent, highPercent, wanted });
    const now = this.#clock.now();
    const old = unused.filter(({ id }) => now - (this.#seen.get(id)?.firstMs ?? now) >= minAgeMs);
    const freed = await this.#remove(old, wanted);
    if (freed < wanted) {
      const message = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
      this.#ports.warn("FreeDiskSpaceFailed", message);
    }
  }

  /** Under disk pressure: all that no container uses. */
  async removeUnused(): Promise<void> {
    await this.#remove(await this.#unused(), Number.POSITIVE_INFINITY);
  }

  /** The longest unused first. */
  async #unused(): Promise<Image[]> {
    const { runtime, pinned } = this.#ports;
    const [images, containers] = [await runtime.listImages(), await runtime.listContainers()];
    const used = new Set(containers.flatMap(({ image, imageRef }) => [image.image, imageRef]));
    const now = this.#clock.now();
    const isUsed = ({ id, repoTags, repoDigests }: Image): boolean =>
      [id, ...repoTags, ...repoDigests].some((name) => used.has(name));
    for (const image of images) {
      const known = this.#seen.get(image.id) ?? { firstMs: now, usedMs: 0 };
      this.#seen.set(image.id, known);
      if (isUsed(image)) known.usedMs = now;
    }
    const present = new Set(images.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!present.has(id)) this.#seen.delete(id);
    const usedMs = ({ id }: Image): number => this.#seen.get(id)?.usedMs ?? 0;
    const firstMs = ({ id }: Image): number => this.#seen.get(id)?.firstMs ?? 0;
    return images
      .filter((image) => !isUsed(image) && !pinned(image))
      .sort((a, b) => usedMs(a) - usedMs(b) || firstMs(a) - firstMs(b));
  }

  async #remove(images: readonly Image[], wanted: number): Promise<number> {
    let freed = 0;
    for (const { id, sizeBytes, repoTags } of images) {
      if (freed >= wanted || this.#stopped) break;
      this.#ports.host.log.info("an image that nobody uses is removed", { image: repoTags[0] ?? id, sizeBytes });
      await this.#ports.runtime.removeImage({ image: id });
      this.#seen.delete(id);
      freed += sizeBytes;
    }
    return freed;
  }
}
