import type { Job, Pod } from "../../api/types/index.ts";
import { parseIndexes } from "./indexes.ts";

type FailureAction = "FailJob" | "FailIndex" | "Ignore" | "Count";

interface FailureVerdict {
  readonly action: FailureAction;
  readonly message: string;
}

/** What the first matching rule of the pod failure policy says of a failed pod; undefined when none matches. */
export function failureVerdict(job: Job, pod: Pod): FailureVerdict | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  for (const [index, { action, onExitCodes, onPodConditions }] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const rule = `matching ${action} rule at index ${index}`;
    if (onExitCodes != null) {
      const { containerName, operator, values = [] } = onExitCodes;
      for (const status of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
        const code = status.state?.terminated?.exitCode;
        if (code === undefined || code === 0 || (containerName != null && containerName !== status.name)) continue;
        if (values.includes(code) !== (operator === "In")) continue;
        const message = `Container ${status.name} for pod ${name} failed with exit code ${code} ${rule}`;
        return { action: action as FailureAction, message };
      }
      continue;
    }
    const met = (onPodConditions ?? []).find(({ type, status = "True" }) =>
      (pod.status?.conditions ?? []).some((found) => found.type === type && found.status === status),
    );
    if (met !== undefined) {
      return { action: action as FailureAction, message: `Pod ${name} has condition ${met.type} ${rule}` };
    }
  }
  return undefined;
}

/** The first rule of the success policy that the completed indexes satisfy, as the message that tells of it. */
export function successVerdict(job: Job, completed: ReadonlySet<number>): string | undefined {
  for (const [index, { succeededCount, succeededIndexes }] of (job.spec.successPolicy?.rules ?? []).entries()) {
    const counted = succeededIndexes == null ? completed : parseIndexes(succeededIndexes);
    const reached = [...counted].filter((one) => completed.has(one)).length;
    if (reached >= (succeededCount ?? counted.size)) return `Matched rules at index ${index}`;
  }
  return undefined;
}
