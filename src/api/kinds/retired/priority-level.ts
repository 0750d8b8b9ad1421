import type { JsonObject, KubeObject } from "../../meta/index.ts";

interface OldPriorityLevel extends KubeObject {
  readonly spec?: { readonly limited?: JsonObject & { readonly assuredConcurrencyShares?: number } };
}

/** Up to v1beta2 the shares of a level had another name. */
export function fromOld(object: KubeObject): KubeObject {
  const level = object as OldPriorityLevel;
  const { limited } = level.spec ?? {};
  if (limited === undefined) return object;
  const { assuredConcurrencyShares: shares, ...rest } = limited;
  const now = { ...(shares !== undefined && { nominalConcurrencyShares: shares }), ...rest };
  return { ...level, spec: { ...level.spec, limited: now } } as KubeObject;
}
