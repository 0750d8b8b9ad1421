import { quantityToMilli, quantityToNumber } from "../../api/meta/index.ts";
import type { Container, Pod } from "../../api/types/index.ts";
import { cpuQuotaOf, cpuQuotaPeriodMicros, cpuSharesOf } from "../cgroups/index.ts";
import { qosClassOf } from "../pod-worker/index.ts";
import type { LinuxContainerResources } from "../runtime/runtime.ts";

const guaranteedOomScore = -997;
const bestEffortOomScore = 1000;
const criticalPriority = 2_000_000_000;

/** What a container may use, in the kernel's measures; `memoryCapacity` of the node, in bytes. */
export function containerResources(pod: Pod, container: Container, memoryCapacity: number): LinuxContainerResources {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const cpuLimit = quantityToMilli(limits.cpu ?? 0);
  // Who limits without a request asks for the limit.
  const cpuRequest = requests.cpu === undefined ? cpuLimit : quantityToMilli(requests.cpu);
  const memoryLimitInBytes = quantityToNumber(limits.memory ?? 0);
  const hugepageLimits = Object.entries(limits).flatMap(([name, amount]) =>
    name.startsWith("hugepages-") ? [{ pageSize: pageSize(name), limitBytes: quantityToNumber(amount) }] : [],
  );
  return {
    cpuShares: cpuSharesOf(cpuRequest),
    ...(cpuLimit > 0 ? { cpuPeriod: cpuQuotaPeriodMicros, cpuQuota: cpuQuotaOf(cpuLimit) } : {}),
    ...(memoryLimitInBytes > 0 ? { memoryLimitInBytes } : {}),
    oomScoreAdj: oomScoreAdj(pod, container, memoryCapacity),
    ...(hugepageLimits.length === 0 ? {} : { hugepageLimits }),
  };
}

/** Who is killed first when the machine runs out of memory: those that asked for least of it. */
export function oomScoreAdj(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec?.priority ?? 0) >= criticalPriority) return guaranteedOomScore;
  switch (pod.status?.qosClass ?? qosClassOf(pod)) {
    case "Guaranteed":
      return guaranteedOomScore;
    case "BestEffort":
      return bestEffortOomScore;
    default: {
      const request = quantityToNumber(container.resources?.requests?.memory ?? 0);
      const score = 1000 - Math.floor((1000 * request) / Math.max(memoryCapacity, 1));
      return Math.min(Math.max(score, 1000 + guaranteedOomScore), bestEffortOomScore - 1);
    }
  }
}

/** `hugepages-2Mi` is 2MB to the kernel. */
function pageSize(resource: string): string {
  return resource.slice("hugepages-".length).replace(/i?$/, "").concat("B");
}
