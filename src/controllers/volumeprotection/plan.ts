import type { KubeObject } from "../../api/meta/index.ts";

/** The finalizers that an object shall have, or undefined when they are right: protected until it is deleted and unused. */
export function planProtection(
  { metadata }: Pick<KubeObject, "metadata">,
  finalizer: string,
  isInUse: boolean,
): string[] | undefined {
  const present = metadata.finalizers ?? [];
  const has = present.includes(finalizer);
  if (metadata.deletionTimestamp === undefined) return has ? undefined : [...present, finalizer];
  return has && !isInUse ? present.filter((other) => other !== finalizer) : undefined;
}
