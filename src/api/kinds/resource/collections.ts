import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";

type CheckItem<T> = (item: T, path: FieldPath, out: FieldError[]) => void;

/** Each item; of lists that are too long only that is said. */
export function checkList<T>(
  items: readonly T[] | null | undefined,
  max: number,
  check: CheckItem<T>,
  path: FieldPath,
  out: FieldError[],
): boolean {
  const all = items ?? [];
  if (all.length > max) {
    out.push(fieldError.tooMany(path, all.length, max));
    return false;
  }
  for (const [i, item] of all.entries()) check(item, path.index(i), out);
  return true;
}

/** As checkList; items with the same key may not come twice. */
export function checkSet<T>(
  items: readonly T[] | null | undefined,
  max: number,
  check: CheckItem<T>,
  keyOf: (item: T) => string,
  path: FieldPath,
  out: FieldError[],
  shownKey: (item: T) => unknown = keyOf,
): void {
  if (!checkList(items, max, check, path, out)) return;
  const seen = new Set<string>();
  for (const [i, item] of (items ?? []).entries()) {
    const key = keyOf(item);
    if (seen.has(key)) out.push(fieldError.duplicate(path.index(i), shownKey(item)));
    seen.add(key);
  }
}

/** Keys are complained of at the map itself. */
export function checkMap<T>(
  items: Readonly<Record<string, T>> | undefined,
  max: number,
  shownKeyLength: number,
  checkKey: CheckItem<string>,
  check: CheckItem<T>,
  path: FieldPath,
  out: FieldError[],
): void {
  const entries = Object.entries(items ?? {});
  if (entries.length > max) {
    out.push(fieldError.tooMany(path, entries.length, max));
    return;
  }
  for (const [key, item] of entries) {
    checkKey(key, path, out);
    check(item, path.key(shortened(key, shownKeyLength)), out);
  }
}

/** Long keys lose their middle. */
function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const remaining = max - 3;
  const end = Math.floor(remaining / 2);
  return `${text.slice(0, Math.floor((remaining + 1) / 2))}...${text.slice(text.length - end)}`;
}
