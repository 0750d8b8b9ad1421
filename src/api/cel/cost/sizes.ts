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
