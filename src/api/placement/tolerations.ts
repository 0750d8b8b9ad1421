import type { Taint, Toleration } from "../types/index.ts";

export type TaintLike = Pick<Taint, "key" | "effect" | "value">;

/** Whether a toleration covers a taint: an empty key with Exists covers all, an empty effect all effects. */
export function tolerates(toleration: Toleration, taint: TaintLike): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator || "Equal") {
    case "Exists":
      return true;
    case "Equal":
      return Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "");
    case "Lt":
      return comparesIntegers(taint.value, toleration.value, (taintValue, value) => taintValue < value);
    case "Gt":
      return comparesIntegers(taint.value, toleration.value, (taintValue, value) => taintValue > value);
    default:
      return false;
  }
}

export function isTolerated(taint: TaintLike, tolerations: readonly Toleration[] | undefined): boolean {
  return tolerations?.some((toleration) => tolerates(toleration, taint)) ?? false;
}

/** KEP-5471: numeric operators compare 64-bit integers. */
function comparesIntegers(
  a: string | undefined,
  b: string | undefined,
  holds: (a: bigint, b: bigint) => boolean,
): boolean {
  const integer = /^-?\d+$/;
  return a !== undefined && b !== undefined && integer.test(a) && integer.test(b) && holds(BigInt(a), BigInt(b));
}
