import { fnv32a, safeEncode, semanticEqual } from "../../api/meta/index.ts";
import type { PodTemplateSpec } from "../../api/types/index.ts";

export const templateHashLabel = "pod-template-hash";

/**
 * Names a template: equal templates give equal hashes. The original hashes Go's dump of its structs, which nothing else
 * can produce; the form (FNV-32a, encoded without vowels) is the same.
 */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  const suffix = collisionCount === undefined ? "" : `#${collisionCount}`;
  return safeEncode(String(fnv32a(canonical(template) + suffix)));
}

/** JSON with sorted keys, without what is empty: the order in which a client wrote fields does not matter. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && member !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(",")}}`;
}

/** Whether two templates describe the same pods, the hash label aside. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticEqual(withoutHash(a), withoutHash(b));
}

/** The template as a deployment has it. */
export function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  const labels = template?.metadata?.labels;
  if (template === undefined || labels?.[templateHashLabel] === undefined) return template;
  const { [templateHashLabel]: _, ...rest } = labels;
  return { ...template, metadata: { ...template.metadata, labels: rest } };
}
