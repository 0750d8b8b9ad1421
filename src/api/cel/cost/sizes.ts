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

/** Of sorting a list, and of finding what is in it more than once. */
export function sorting(count: number, element: string | undefined): number {
  const isOther = element !== undefined && !/^(?:string|bytes|dyn|[A-Z])$/.test(element);
  const compared = Math.ceil(count ** 2 * (isOther ? 2 : 2 + factors.traversal));
  return bounded(1 + factors.listCreation + compared);
}
