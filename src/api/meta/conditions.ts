export interface Condition {
  type: string;
  status: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

export function findCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  for (const condition of conditions ?? []) if (condition.type === type) return condition;
  return undefined;
}

export function isConditionTrue(
  conditions: readonly { type: string; status: string }[] | undefined,
  type: string,
): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * The conditions with `next` in them. lastTransitionTime moves to `now` (or to the time that `next` brings) only when
 * the status changes. When nothing changes, the very array that came in, so that callers can skip the write.
 */
export function setCondition<C extends Condition>(conditions: readonly C[] | undefined, next: C, now: string): C[] {
  const before = conditions ?? [];
  const index = before.findIndex((condition) => condition.type === next.type);
  const old = before[index];
  if (old === undefined) return [...before, { ...next, lastTransitionTime: next.lastTransitionTime ?? now }];
  const sameStatus = old.status === next.status;
  const lastTransitionTime = sameStatus ? old.lastTransitionTime : (next.lastTransitionTime ?? now);
  const merged: C = { ...old, ...next, lastTransitionTime };
  if (isSame(old, merged)) return before as C[]; // unchanged, and the caller does not mutate it either
  return before.with(index, merged);
}

export function removeCondition<C extends { type: string }>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

function isSame(a: object, b: object): boolean {
  const left: Record<string, unknown> = { ...a };
  const right: Record<string, unknown> = { ...b };
  return Object.keys(right).every((key) => left[key] === right[key]);
}
