import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isValidLabelValue } from "../../meta/index.ts";
import type { Toleration } from "../../types/index.ts";
import { checkQualifiedName, goStruct } from "../field-checks.ts";

export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

export function checkTolerations(
  tolerations: readonly Toleration[] | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  for (const [i, toleration] of (tolerations ?? []).entries()) checkToleration(toleration, path.index(i), out);
}

function checkToleration(toleration: Toleration, path: FieldPath, out: FieldError[]): void {
  const { key, operator, value, effect, tolerationSeconds } = toleration;
  if (key) checkQualifiedName(key, path.child("key"), out);
  else if (operator !== "Exists") {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    out.push(fieldError.invalid(path.child("operator"), operator ?? "", detail));
  }
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    out.push(fieldError.invalid(path.child("effect"), effect ?? "", detail));
  }
  switch (operator ?? "") {
    case "":
    case "Equal": {
      const messages = isValidLabelValue(value ?? "");
      if (messages.length > 0) out.push(fieldError.invalid(path.child("operator"), value, messages.join(";")));
      break;
    }
    case "Exists":
      if (value) {
        const detail = "value must be empty when `operator` is 'Exists'";
        out.push(fieldError.invalid(path.child("operator"), shown(toleration), detail));
      }
      break;
    default:
      out.push(fieldError.notSupported(path.child("operator"), operator, ["Equal", "Exists"]));
  }
  if (effect) checkTaintEffect(effect, path.child("effect"), out);
}

function shown({ key, operator, value, effect, tolerationSeconds }: Toleration): Record<string, unknown> {
  return goStruct([
    ["Key", key ?? ""],
    ["Operator", operator ?? ""],
    ["Value", value ?? ""],
    ["Effect", effect ?? ""],
    ["TolerationSeconds", tolerationSeconds],
  ]);
}

/** An effect that is set. */
export function checkTaintEffect(effect: string, path: FieldPath, out: FieldError[]): void {
  if (!(taintEffects as readonly string[]).includes(effect)) {
    out.push(fieldError.notSupported(path, effect, taintEffects));
  }
}
