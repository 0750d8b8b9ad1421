import type { ObservedContainer, ObservedPod } from "../pod-worker/index.ts";
import {
  containerHashAnnotation,
  containerNameLabel,
  containerResourcesAnnotation,
  podUidLabel,
  restartCountAnnotation,
} from "../runtime/labels.ts";
import { type Container, type ContainerRuntime, type ContainerStatus, RuntimeError } from "../runtime/runtime.ts";

const killedExitCode = 137;

/**
 * Looks at what the runtime holds of one pod. What is known of a container is asked again only when its state has changed:
 * most looks cost two lists.
 */
export class PodObserver {
  readonly #runtime: ContainerRuntime;
  readonly #uid: string;
  readonly #messageOf: (status: ContainerStatus) => Promise<string | undefined>;
  #known: ReadonlyMap<string, ObservedContainer> = new Map();
  #sandbox: { readonly id: string; readonly ips: readonly string[] } | undefined;

  /** @param messageOf what an ended container said at its end */
  constructor(
    runtime: ContainerRuntime,
    uid: string,
    messageOf: (status: ContainerStatus) => Promise<string | undefined> = async ({ message }) => message,
  ) {
    this.#runtime = runtime;
    this.#uid = uid;
    this.#messageOf = messageOf;
  }

  async observe(): Promise<ObservedPod> {
    const labels = { [podUidLabel]: this.#uid };
    const sandboxes = await this.#runtime.listPodSandbox({ labels });
    if (sandboxes.length === 0) return { olderSandboxIds: [], containers: [] };
    const [newest, ...older] = [...sandboxes].sort((a, b) => b.metadata.attempt - a.metadata.attempt);
    const containers = await this.#containers(await this.#runtime.listContainers({ labels }));
    if (newest === undefined) return { olderSandboxIds: [], containers };
    return {
      sandbox: {
        id: newest.id,
        attempt: newest.metadata.attempt,
        ready: newest.state === "ready",
        ips: await this.#ips(newest.id),
        createdAtMs: newest.createdAtMs,
      },
      olderSandboxIds: older.map(({ id }) => id),
      containers,
    };
  }

  async #containers(listed: readonly Container[]): Promise<readonly ObservedContainer[]> {
    const seen = await Promise.all(listed.map((one) => this.#container(one)));
    const present = seen.filter((one) => one !== undefined);
    this.#known = new Map(present.map((one) => [one.id, one]));
    return present.sort((a, b) => b.attempt - a.attempt || b.createdAtMs - a.createdAtMs);
  }

  /** Undefined for one that was removed between the list and the question. */
  async #container({ id, state }: Container): Promise<ObservedContainer | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined && known.state === state && !mayBeOutOfMemory(known)) return known;
    try {
      const status = await this.#runtime.containerStatus(id);
      const message = status.state === "exited" ? await this.#messageOf(status) : status.message;
      return { ...asObserved(status), ...(message === undefined ? {} : { message }) };
    } catch (error) {
      if (error instanceof RuntimeError && error.code === "NotFound") return undefined;
      throw error;
    }
  }

  async #ips(sandboxId: string): Promise<readonly string[]> {
    if (this.#sandbox?.id === sandboxId && this.#sandbox.ips.length > 0) return this.#sandbox.ips;
    const { ips } = await this.#runtime.podSandboxStatus(sandboxId);
    this.#sandbox = { id: sandboxId, ips };
    return ips;
  }
}

/** That memory was why a container was killed the runtime may learn only after it has seen it end. */
function mayBeOutOfMemory({ state, exitCode, reason }: ObservedContainer): boolean {
  return state === "exited" && exitCode === killedExitCode && reason === "Error";
}

function asObserved(status: ContainerStatus): ObservedContainer {
  return {
    id: status.id,
    name: status.labels[containerNameLabel] ?? status.metadata.name,
    sandboxId: status.podSandboxId,
    attempt: Number(status.annotations[restartCountAnnotation] ?? status.metadata.attempt),
    state: status.state,
    specHash: status.annotations[containerHashAnnotation] ?? "",
    resources: status.annotations[containerResourcesAnnotation],
    image: status.image.image,
    imageRef: status.imageRef,
    createdAtMs: status.createdAtMs,
    startedAtMs: status.startedAtMs,
    finishedAtMs: status.finishedAtMs,
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
  };
}
