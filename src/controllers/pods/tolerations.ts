import type { Taint, Toleration } from "../../api/types/index.ts";

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === "Exists") return true;
  return toleration.key !== undefined && toleration.key !== "" && (toleration.value ?? "") === (taint.value ?? "");
}
