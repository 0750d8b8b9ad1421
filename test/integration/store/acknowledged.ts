/** What the writer prints for a commit; without a version the keys were deleted. */
export interface Acknowledged {
  readonly revision: number;
  readonly keys: readonly string[];
  readonly version?: string;
}

/** Up to some KiB that follow from key and version, so that a reader knows what must be there. */
export function contentOf(key: string, version: string): string {
  const unit = `${key}@${version};`;
  return unit.repeat(1 + ((key.length * 31 + version.length * 17 + version.charCodeAt(version.length - 1)) % 150));
}
