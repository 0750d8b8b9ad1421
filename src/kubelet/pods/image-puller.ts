import { formatDuration } from "../../api/meta/index.ts";
import type { Container } from "../../api/types/index.ts";
import type { Clock } from "../../host/index.ts";
import { rpcErrorText } from "../runtime/error-text.ts";
import type { ContainerRuntime, ImageAuth, PodSandboxConfig } from "../runtime/runtime.ts";
import type { PodEvent } from "./node-ports.ts";
import { StartError } from "./start-error.ts";

const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
const reference = /^[a-zA-Z0-9.:_-]*[a-zA-Z0-9][a-zA-Z0-9.:_/-]*(@[a-z0-9+._-]+:[a-fA-F0-9]{32,})?$/;

interface Failure {
  readonly error: string;
  readonly untilMs: number;
  readonly delayMs: number;
}

export interface ImageRequest {
  readonly container: Container;
  readonly podUid: string;
  readonly sandbox: PodSandboxConfig;
  readonly signal: AbortSignal;
  /** Whom to be for the image's registry, tried one after the other; asked only for a pull. Default: nobody. */
  auths?(image: string): Promise<readonly ImageAuth[]>;
  record(event: PodEvent): void;
}

/** Makes sure that images are on the node, by each container's pull policy. */
export class ImagePuller {
  readonly #clock: Clock;
  readonly #runtime: ContainerRuntime;
  readonly #failures = new Map<string, Failure>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param maxParallel how many images are pulled at the same time */
  constructor(clock: Clock, runtime: ContainerRuntime, maxParallel = Number.POSITIVE_INFINITY) {
    this.#clock = clock;
    this.#runtime = runtime;
    this.#free = maxParallel;
  }

  /** @throws StartError ErrImageNeverPull, InvalidImageName, ErrImagePull, ImagePullBackOff. */
  async ensure(request: ImageRequest): Promise<void> {
    const { container, record } = request;
    const { image = "", name } = container;
    if (!isReference(image)) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
      record({ type: "Warning", reason: "InspectFailed", message, container: name });
      throw new StartError("InvalidImageName", message);
    }
    const policy = container.imagePullPolicy ?? "IfNotPresent";
    const present = (await this.#runtime.imageStatus({ image })) !== undefined;
    if (present && policy !== "Always") {
      const message = `Container image "${image}" already present on machine and can be accessed by the pod`;
      record({ type: "Normal", reason: "Pulled", message, container: name });
      return;
    }
    if (policy === "Never") {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      record({ type: "Warning", reason: "ErrImageNeverPull", message, container: name });
      throw new StartError("ErrImageNeverPull", message);
    }
    await this.#pull(request, image);
  }

  /** Forgets what failed for a pod that is gone. */
  forget(podUid: string): void {
    for (const key of this.#failures.keys()) if (key.startsWith(`${podUid}\n`)) this.#failures.delete(key);
  }

  async #pull(request: ImageRequest, image: string): Promise<void> {
    const { container, podUid, signal, record } = request;
    const { name } = container;
    const key = `${podUid}\n${image}`;
    const failed = this.#failures.get(key);
    const begun = this.#clock.now();
    if (failed !== undefined && begun < failed.untilMs) {
      const message = `Back-off pulling image "${image}"`;
      record({ type: "Normal", reason: "BackOff", message, container: name });
      throw new StartError("ImagePullBackOff", `${message}: ErrImagePull: ${failed.error}`);
    }
    record({ type: "Normal", reason: "Pulling", message: `Pulling image "${image}"`, container: name });
    let pulledMs = 0;
    try {
      await this.#enter(signal);
      const entered = this.#clock.now();
      try {
        await this.#pullAsSomeone(request, image);
      } finally {
        this.#leave();
      }
      pulledMs = this.#clock.now() - entered;
    } catch (error) {
      signal.throwIfAborted();
      const text = rpcErrorText(error);
      const delayMs = Math.min(failed === undefined ? firstDelayMs : failed.delayMs * 2, longestDelayMs);
      this.#failures.set(key, { error: text, delayMs, untilMs: this.#clock.now() + delayMs });
      const message = `Failed to pull image "${image}": ${text}`;
      record({ type: "Warning", reason: "Failed", message, container: name });
      throw new StartError("ErrImagePull", text, { cause: error });
    }
    this.#failures.delete(key);
    const took = formatDuration(Math.round(pulledMs));
    const all = formatDuration(Math.round(this.#clock.now() - begun));
    const size = (await this.#runtime.imageStatus({ image }))?.sizeBytes ?? 0;
    const message = `Successfully pulled image "${image}" in ${took} (${all} including waiting). Image size: ${size} bytes.`;
    record({ type: "Normal", reason: "Pulled", message, container: name });
  }

  async #pullAsSomeone({ sandbox, signal, auths }: ImageRequest, image: string): Promise<void> {
    const known = (await auths?.(image)) ?? [];
    let failure: unknown;
    for (const auth of known.length === 0 ? [undefined] : known) {
      try {
        await this.#runtime.pullImage({ image }, { sandbox, signal, auth });
        return;
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }

  /** Waits for a turn. @throws the signal's reason when it is aborted first. */
  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      this.#waiting.push(turn);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** Names of repositories are in lower case; the rest of the form is the runtime's to judge. */
function isReference(image: string): boolean {
  if (!reference.test(image)) return false;
  const [named = ""] = image.split("@", 1);
  const parts = named.split("/");
  const last = parts.pop() ?? "";
  const [repository = "", tag, more] = last.split(":");
  if (repository !== repository.toLowerCase() || more !== undefined || tag === "") return false;
  return parts.every((part, index) => index === 0 || part === part.toLowerCase());
}
