import { formatTime, groupResourceString, setCondition } from "../../api/meta/index.ts";
import type { Namespace, NamespaceCondition } from "../../api/types/index.ts";

/** What is left of one resource in a namespace after its deletion was asked for. */
export interface Remainder {
  readonly group: string;
  readonly resource: string;
  readonly count: number;
  /** Finalizers of what is left, with how many objects hold each. */
  readonly finalizers: Readonly<Record<string, number>>;
  readonly error?: string;
}

/** The conditions that tell why a namespace is still there. */
export function deletionConditions(
  namespace: Namespace,
  remainders: readonly Remainder[],
  discoveryError: string | undefined,
  nowMs: number,
): NamespaceCondition[] {
  const now = formatTime(nowMs);
  let conditions = namespace.status?.conditions ?? [];
  const tell = (
    type: string,
    bad: { reason: string; message: string } | undefined,
    good: { reason: string; message: string },
  ) => {
    const told = conditions.some((known) => known.type === type && known.status === "False");
    // Good news is told again only where bad news was.
    if (bad === undefined && told) return;
    conditions = setCondition(
      conditions as NamespaceConditionWithTime[],
      { type, status: bad ? "True" : "False", ...(bad ?? good) },
      now,
    );
  };
  tell(
    "NamespaceDeletionDiscoveryFailure",
    discoveryError === undefined ? undefined : { reason: "DiscoveryFailed", message: discoveryError },
    {
      reason: "ResourcesDiscovered",
      message: "All resources successfully discovered",
    },
  );
  tell("NamespaceDeletionGroupVersionParsingFailure", undefined, {
    reason: "ParsedGroupVersions",
    message: "All legacy kube types successfully parsed",
  });
  tell("NamespaceDeletionContentFailure", failure(remainders), {
    reason: "ContentDeleted",
    message: "All content successfully deleted, may be waiting on finalization",
  });
  tell("NamespaceContentRemaining", contentRemaining(remainders), {
    reason: "ContentRemoved",
    message: "All content successfully removed",
  });
  tell("NamespaceFinalizersRemaining", finalizersRemaining(remainders), {
    reason: "ContentHasNoFinalizers",
    message: "All content-preserving finalizers finished",
  });
  return conditions;
}

type NamespaceConditionWithTime = Omit<NamespaceCondition, "lastTransitionTime"> & { lastTransitionTime?: string };

function failure(remainders: readonly Remainder[]) {
  const errors = remainders.flatMap(({ error }) => (error === undefined ? [] : [error])).sort();
  if (errors.length === 0) return undefined;
  const text = errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`;
  const message = `Failed to delete all resource types, ${errors.length} remaining: ${text}`;
  return { reason: "ContentDeletionFailed", message };
}

function contentRemaining(remainders: readonly Remainder[]) {
  const left = remainders
    .filter(({ count }) => count > 0)
    .map((remainder) => `${dotted(remainder)} has ${remainder.count} resource instances`)
    .sort();
  if (left.length === 0) return undefined;
  return { reason: "SomeResourcesRemain", message: `Some resources are remaining: ${left.join(", ")}` };
}

/** The core group leaves a bare dot behind the resource, as the original's text does. */
function dotted({ group, resource }: Remainder): string {
  return group === "" ? `${resource}.` : groupResourceString({ group, resource });
}

function finalizersRemaining(remainders: readonly Remainder[]) {
  const counts = new Map<string, number>();
  for (const { finalizers } of remainders) {
    for (const [name, count] of Object.entries(finalizers)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  if (counts.size === 0) return undefined;
  const texts = [...counts].map(([name, count]) => `${name} in ${count} resource instances`).sort();
  return {
    reason: "SomeFinalizersRemain",
    message: `Some content in the namespace has finalizers remaining: ${texts.join(", ")}`,
  };
}
