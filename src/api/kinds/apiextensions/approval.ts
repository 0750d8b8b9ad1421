import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { CustomResourceDefinition } from "../../types/index.ts";

const annotation = "api-approved.kubernetes.io";
const explanation = "see https://github.com/kubernetes/enhancements/pull/1111";

/** Groups of the project itself are protected: who defines something in them says where that was agreed. */
export function checkApproval(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  out: FieldError[],
): void {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group ?? "")) return;
  const value = metadata.annotations?.[annotation] ?? "";
  const state = stateOf(value);
  if (old && stateOf(old.metadata.annotations?.[annotation] ?? "") === state) return;
  const path = root("metadata", "annotations").key(annotation);
  const needed = `protected groups must have approval annotation "${annotation}"`;
  if (state === "missing") out.push(fieldError.required(path, `${needed}, ${explanation}`));
  else if (state === "invalid") {
    const detail = `${needed} with either a URL or a reason starting with "unapproved", ${explanation}`;
    out.push(fieldError.invalid(path, value, detail));
  }
}

function stateOf(value: string): "missing" | "bypassed" | "approved" | "invalid" {
  if (value === "") return "missing";
  if (value.startsWith("unapproved")) return "bypassed";
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(value) ? "approved" : "invalid";
}
