export interface Condition {
  type: string;
  status: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}
export declare function findCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined;
export declare function isConditionTrue(
  conditions: readonly { type: string; status: string }[] | undefined,
  type: string,
): boolean;
/** A new array with `next` in it; lastTransitionTime moves to `now` only when the status changes. The same array when nothing changes. */
export declare function setCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  next: C,
  now: string,
): C[];
export declare function removeCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C[];
