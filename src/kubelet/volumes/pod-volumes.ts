import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../../api/types/index.ts";
import { claimedVolumes } from "../../api/volumes/index.ts";
import { resources } from "../../client/index.ts";
import type { References } from "../references.ts";
import { ClaimError, unmountedMessage, usableClaim, usedVolumes } from "./claims.ts";
import { type MadeVolume, NotAttached, StepError, type VolumeNode, type VolumeRequest } from "./volume-kind.ts";
import type { Preparation } from "./volume-manager.ts";
import type { NamedVolumeUsage } from "./volume-usage.ts";

const firstRetryMs = 500;
const longestRetryMs = 122_000;
/** A pod that has waited this long for its volumes says so, and says it again after the same time. */
const patienceMs = 123_000;
/** What stands in the way in the API rather than on the node is looked at again after this. */
const unprocessedRetryMs = 10_000;

/** The original's --volume-stats-agg-period. */
const measuredAgainMs = 60_000;

/** Makes any kind of volume on a node. @throws as MakeVolume */
export type MakeAny = (request: Omit<VolumeRequest, "node">, references: References) => Promise<MadeVolume>;

interface Failure {
  readonly retryAtMs: number;
  readonly delayMs: number;
}

/** The volumes of one pod: which are made, which failed and when they are tried again. */
export class PodVolumes {
  readonly #node: Pick<VolumeNode, "host" | "client">;
  readonly #makeAny: MakeAny;
  readonly #references: References;
  readonly #made = new Map<string, MadeVolume>();
  readonly #failures = new Map<string, Failure>();
  #pod: Pod;
  #waitingSinceMs: number | undefined;
  #measured: { readonly atMs: number; readonly usage: Promise<readonly NamedVolumeUsage[]> } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(node: Pick<VolumeNode, "host" | "client">, makeAny: MakeAny, references: References, pod: Pod) {
    this.#node = node;
    this.#makeAny = makeAny;
    this.#references = references;
    this.#pod = pod;
  }

  get pod(): Pod {
    return this.#pod;
  }

  get made(): ReadonlyMap<string, MadeVolume> {
    return this.#made;
  }

  seen(pod: Pod): void {
    this.#pod = pod;
  }

  /** Does one thing after the other: making, refreshing and taking away must not meet. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** As VolumeManager.prepare. */
  async prepare(): Promise<Preparation> {
    const used = usedVolumes(this.#pod);
    const wanted = (this.#pod.spec?.volumes ?? []).filter(({ name }) => used.has(name) && !this.#made.has(name));
    const waitingSinceMs = this.#waitingSinceMs ?? this.#node.host.clock.now();
    const unprocessed = new Map<string, string>();
    const unattached: string[] = [];
    const problems: string[] = [];
    await Promise.all(
      wanted.map(async (volume) => {
        const error = await this.#try(volume);
        if (error === undefined) return;
        if (error instanceof ClaimError) unprocessed.set(volume.name, error.message);
        else if (error instanceof NotAttached) unattached.push(volume.name);
        else if (error instanceof Error) problems.push(error.message);
      }),
    );
    const unmounted = wanted.filter(({ name }) => !this.#made.has(name)).map(({ name }) => name);
    if (unmounted.length === 0) {
      this.#waitingSinceMs = undefined;
      return { ready: true };
    }
    this.#waitingSinceMs = waitingSinceMs;
    const now = this.#node.host.clock.now();
    if (unprocessed.size > 0 || now >= waitingSinceMs + patienceMs) {
      problems.push(unmountedMessage(unmounted, unattached, unprocessed));
      this.#waitingSinceMs = now;
    }
    return { ready: false, problems, retryAfterMs: this.#retryAfterMs(unmounted, unprocessed.size > 0, now) };
  }

  /** Brings what is made up to date. Problems are told to `failed`; the volume stays as it was. */
  async refresh(references: References, failed: (volumeName: string, error: unknown) => void): Promise<void> {
    for (const [name, volume] of this.#made) {
      await volume.refresh?.(this.#pod, references).catch((error: unknown) => failed(name, error));
    }
  }

  /** What the volumes hold: as it was within the last minute, else measured now. One that cannot be measured is left out. */
  async usage(): Promise<readonly NamedVolumeUsage[]> {
    const now = this.#node.host.clock.now();
    if (this.#measured === undefined || now - this.#measured.atMs >= measuredAgainMs) {
      this.#measured = { atMs: now, usage: this.#measure() };
    }
    return this.#measured.usage;
  }

  async #measure(): Promise<readonly NamedVolumeUsage[]> {
    const claims = new Map(claimedVolumes(this.#pod).map(({ volumeName, claimName }) => [volumeName, claimName]));
    const all = [...this.#made].map(async ([name, volume]): Promise<NamedVolumeUsage[]> => {
      if (volume.usage === undefined) return [];
      try {
        const claimName = claims.get(name);
        return [{ ...(await volume.usage()), name, ...(claimName && { claimName }) }];
      } catch (error) {
        this.#node.host.log.debug("a volume could not be measured", { volume: name, error });
        return [];
      }
    });
    return (await Promise.all(all)).flat();
  }

  #retryAfterMs(unmounted: readonly string[], hasUnprocessed: boolean, now: number): number {
    const times = unmounted.flatMap((name) => this.#failures.get(name)?.retryAtMs ?? []);
    if (hasUnprocessed) times.push(now + unprocessedRetryMs);
    times.push((this.#waitingSinceMs ?? now) + patienceMs);
    return Math.max(Math.min(...times) - now, 0);
  }

  /** Gives what went wrong; undefined when it is made, or its back-off still runs. */
  async #try(volume: Volume): Promise<unknown> {
    const { name } = volume;
    const failure = this.#failures.get(name);
    if (failure !== undefined && this.#node.host.clock.now() < failure.retryAtMs) return undefined;
    try {
      const request = await this.#request(volume);
      this.#made.set(name, await this.#make(request));
      this.#failures.delete(name);
      return undefined;
    } catch (error) {
      if (error instanceof ClaimError) return error;
      const delayMs = failure === undefined ? firstRetryMs : Math.min(failure.delayMs * 2, longestRetryMs);
      this.#failures.set(name, { delayMs, retryAtMs: this.#node.host.clock.now() + delayMs });
      return error;
    }
  }

  async #make(request: Omit<VolumeRequest, "node">): Promise<MadeVolume> {
    try {
      return await this.#makeAny(request, this.#references);
    } catch (error) {
      if (error instanceof StepError || error instanceof NotAttached) throw error;
      throw new StepError("SetUp", request.specName, error);
    }
  }

  async #request(volume: Volume): Promise<Omit<VolumeRequest, "node">> {
    const shared = { pod: this.#pod, volume };
    const claimed = claimedVolumes(this.#pod).find(({ volumeName }) => volumeName === volume.name);
    if (claimed === undefined) {
      return { ...shared, specName: volume.name, readOnly: volume.csi?.readOnly === true, isBlock: false };
    }
    const claim = await usableClaim(this.#pod, claimed, this.#references.claim);
    const persistent = await this.#persistentOf(claim);
    const mode = persistent.spec?.volumeMode ?? "Filesystem";
    const isBlock = isDevice(this.#pod, volume.name);
    if (isBlock !== (mode === "Block")) {
      const place = isBlock ? "volumeDevices" : "volumeMounts";
      const problem = `volume ${persistent.metadata.name} has volumeMode ${mode}, but is specified in ${place}`;
      throw new ClaimError(this.#pod, claimed.claimName, problem);
    }
    const readOnly = volume.persistentVolumeClaim?.readOnly === true;
    return { ...shared, persistent, claim, specName: persistent.metadata.name ?? "", readOnly, isBlock };
  }

  async #persistentOf(claim: PersistentVolumeClaim): Promise<PersistentVolume> {
    const { volumeName: name = "" } = claim.spec;
    const claimName = claim.metadata.name ?? "";
    const found = await this.#node.client
      .resource(resources.persistentvolumes)
      .get({ name })
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw new ClaimError(this.#pod, claimName, `failed to fetch PV ${name} from API server: ${why}`);
      });
    if (found.spec?.claimRef?.uid !== claim.metadata.uid) {
      const problem = `found PV object ${JSON.stringify(name)} with nil or different claimRef.UID`;
      throw new ClaimError(this.#pod, claimName, problem);
    }
    return found;
  }
}

function isDevice({ spec }: Pod, volumeName: string): boolean {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some((container) =>
    container.volumeDevices?.some(({ name }) => name === volumeName),
  );
}
