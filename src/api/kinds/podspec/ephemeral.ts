import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { EphemeralContainer, PodSpec } from "../../types/index.ts";
import { checkContainer, type PodContext } from "./containers.ts";

/** Fields that a container for debugging may not have. */
const forbiddenFields = [
  "lifecycle",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "ports",
  "resizePolicy",
  "restartPolicy",
] as const satisfies readonly (keyof EphemeralContainer)[];

export function checkEphemeralContainers(spec: PodSpec, context: PodContext, path: FieldPath, out: FieldError[]): void {
  const ephemeral = spec.ephemeralContainers ?? [];
  if (ephemeral.length === 0) return;
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set<string>();
  for (const [i, container] of ephemeral.entries()) {
    const at = path.index(i);
    checkContainer(container, context, at, out);
    if (names.has(container.name) || others.has(container.name)) {
      out.push(fieldError.duplicate(at.child("name"), container.name));
    } else if (container.name) names.add(container.name);
    checkTarget(container, others, at, out);
    checkAllowedFields(container, at, out);
  }
}

function checkTarget(
  container: EphemeralContainer,
  others: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  const target = container.targetContainerName;
  if (target && !others.has(target)) out.push(fieldError.notFound(path.child("targetContainerName"), target));
}

function checkAllowedFields(container: EphemeralContainer, path: FieldPath, out: FieldError[]): void {
  const detail = "cannot be set for an Ephemeral Container";
  for (const field of forbiddenFields) {
    const value = container[field];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    out.push(fieldError.forbidden(path.child(field), detail));
  }
  const { limits, requests, claims } = container.resources ?? {};
  if (limits || requests || claims) out.push(fieldError.forbidden(path.child("resources"), detail));
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const at = path.child("volumeMounts").index(i);
    if (mount.subPath) out.push(fieldError.forbidden(at.child("subPath"), detail));
    if (mount.subPathExpr) out.push(fieldError.forbidden(at.child("subPathExpr"), detail));
  }
}
