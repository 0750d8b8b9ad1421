import { factors } from "./factors.ts";

/** Sizes and costs at worst. The original counts in 64 bits and stays at the largest number. */
export const unknownSize = 2 ** 64;

export function bounded(value: number): number {
  return Math.min(value, unknownSize);
}

/** Of looking at every character. */
export function walk(size: number, times = 1): number {
  return bounded(Math.ceil(size * times * factors.traversal));
}

/** Of comparing each of some values with all. */
export function comparing(count: number, isText: boolean): number {
  return bounded(1 + factors.listCreation + Math.ceil(count ** 2 * (isText ? 2 + factors.traversal : 2)));
}

/** Of sorting by values of a type. */
export function sorting(count: number, type: string | undefined): number {
  return comparing(count, type === undefined || /^(?:string|bytes|dyn|[A-Z])$/.test(type));
}
