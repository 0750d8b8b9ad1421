import { canonicalQuantity, type KubeObject, type Quantity, quantityOf } from "../../api/meta/index.ts";
import { addAmounts } from "../../api/pod-resources/index.ts";
import { countedResource, quantityText, quotaMatches, usageOf } from "../../api/quota/index.ts";
import type { ResourceQuota } from "../../api/types/index.ts";

/** What the objects use of the quota's entries. `objectsOf` gives all of a resource in the namespace. */
export function totalUsage(
  quota: ResourceQuota,
  objectsOf: (resource: string) => readonly KubeObject[],
  nowMs: number,
): Record<string, string> {
  const { hard = {} } = quota.spec ?? {};
  const limiting = { ...quota, status: { hard } };
  const totals = new Map<string, Quantity>();
  for (const resource of new Set(Object.keys(hard).map(countedResource))) {
    if (resource === undefined) continue;
    for (const object of objectsOf(resource)) {
      if (!quotaMatches(limiting, { resource, object })) continue;
      const usage = usageOf({ resource, object }, nowMs);
      addAmounts(
        totals,
        [...usage].filter(([name]) => name in hard),
      );
    }
  }
  return Object.fromEntries(
    Object.keys(hard)
      .filter((name) => countedResource(name) !== undefined)
      .map((name) => [name, canonicalQuantity(quantityText(totals.get(name) ?? quantityOf(0)))]),
  );
}
