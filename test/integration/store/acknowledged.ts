/** How many write at once, each step after step. */
export const writers = 64;
const keysOfWriter = 8;

/** What the writer prints for a commit; without a version the keys were deleted. */
export interface Acknowledged {
  readonly revision: number;
  readonly writer: number;
  /** Which of its steps it was, counted from 0. */
  readonly step: number;
  readonly keys: readonly string[];
  readonly version?: string;
}

/** What a writer does in one of its steps: every third one writes a pair of keys, which must never be seen at different versions. */
export function stepOf(writer: number, step: number): { readonly keys: readonly string[]; readonly deletes: boolean } {
  const deletes = step % 7 === 6;
  if (step % 3 === 2) return { keys: [`/pairs/${writer}/a`, `/pairs/${writer}/b`], deletes };
  return { keys: [`/single/${writer}/${step % keysOfWriter}`], deletes };
}

/** Up to some KiB that follow from key and version, so that a reader knows what must be there. */
export function contentOf(key: string, version: string): string {
  const unit = `${key}@${version};`;
  return unit.repeat(1 + ((key.length * 31 + version.length * 17 + version.charCodeAt(version.length - 1)) % 150));
}
