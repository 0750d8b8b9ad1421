import { quantityToNumber } from "../../api/meta/index.ts";
import type { Pod, ResourceRequirements } from "../../api/types/index.ts";
import {
  type Action,
  type Allocation,
  allocationOf,
  knownAllocation,
  type PodMemory,
  resourcesText,
  sameResources,
  withAllocation,
} from "../pod-worker/index.ts";
import { rpcErrorText } from "../runtime/error-text.ts";
import { RuntimeError } from "../runtime/runtime.ts";
import { containerResources } from "./container-resources.ts";
import type { NodePorts } from "./node-ports.ts";

type ResizeAction = Action & { kind: "resize" };

/**
 * What the node has given a pod's containers of what they want, and how running ones come to it.
 * (KEP-1287: in-place update of pod resources)
 */
export class PodResizer {
  readonly #ports: Pick<NodePorts, "runtime" | "machine" | "resizeRefusal" | "host">;
  #allocation: Allocation;
  /** A spec that wants no more than was given: most pods are never resized, and are asked about at each look at their node. */
  #satisfied: Pod["spec"] | undefined;

  constructor(ports: Pick<NodePorts, "runtime" | "machine" | "resizeRefusal" | "host">, pod: Pod) {
    this.#ports = ports;
    this.#allocation = knownAllocation(pod);
  }

  /** The pod with what it was given rather than what it wants. */
  allocated(pod: Pod): Pod {
    if (pod.spec === this.#satisfied) return pod;
    const given = withAllocation(pod, this.#allocation);
    if (given === pod) this.#satisfied = pod.spec;
    return given;
  }

  /** Gives the pod what it wants by now, if the node has it; else the memory tells why not. */
  allocate(pod: Pod, memory: PodMemory): PodMemory {
    if (sameResources(pod, this.allocated(pod))) {
      return memory.pendingResize === undefined ? memory : { ...memory, pendingResize: undefined };
    }
    const pendingResize = this.#ports.resizeRefusal(pod);
    if (pendingResize === undefined) {
      this.#allocation = allocationOf(pod);
      this.#satisfied = undefined;
    }
    return { ...memory, pendingResize };
  }

  /** The pod as a whole is limited, too: its limits are lifted while those of its containers change. */
  async resize(pod: Pod, resizes: readonly ResizeAction[], memory: PodMemory): Promise<PodMemory> {
    const { machine, runtime, host } = this.#ports;
    const allocated = this.allocated(pod);
    const resized = new Map(memory.resized);
    try {
      await this.#refuseBelowUsage(resizes);
      await machine?.cgroups?.lift(allocated);
      for (const { container, containerId } of resizes) {
        const resources = containerResources(allocated, container, machine?.memoryBytes ?? 0);
        await runtime.updateContainerResources(containerId, resources);
        resized.set(containerId, resourcesText(container));
      }
      await machine?.cgroups?.ensure(allocated);
      return { ...memory, resized, resizeError: undefined };
    } catch (error) {
      const resizeError =
        error instanceof RuntimeError ? rpcErrorText(error) : error instanceof Error ? error.message : String(error);
      host.log.warn("a container could not be resized", { pod: pod.metadata.uid, error: resizeError });
      return { ...memory, resized, resizeError };
    }
  }
  /** A container that may have less memory than it uses would be killed: it keeps what it has until it uses less. */
  async #refuseBelowUsage(resizes: readonly ResizeAction[]): Promise<void> {
    const refusals: string[] = [];
    for (const { container, containerId, applied } of resizes) {
      const limit = memoryLimit(container.resources);
      const before = applied === undefined ? undefined : memoryLimit(JSON.parse(applied));
      if (limit === undefined || (before !== undefined && limit >= before)) continue;
      const [stats] = (await this.#ports.runtime.listContainerStats?.({ id: containerId })) ?? [];
      const used = stats?.memory?.usageBytes ?? stats?.memory?.workingSetBytes;
      if (used === undefined || limit > used) continue;
      refusals.push(
        `attempting to set container "${container.name}" memory limit (${limit}) below current usage (${used})`,
      );
    }
    if (refusals.length === 0) return;
    const text = refusals.length === 1 ? refusals[0] : `[${refusals.join(", ")}]`;
    throw new Error(`cannot decrease memory limits: ${text}`);
  }
}

function memoryLimit(resources: ResourceRequirements | undefined): number | undefined {
  const limit = resources?.limits?.memory;
  return limit === undefined ? undefined : quantityToNumber(limit);
}
