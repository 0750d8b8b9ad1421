import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root, semanticEqual } from "../../meta/index.ts";
import type { nodeV1, RuntimeClass } from "../../types/index.ts";
import { checkDNSLabel, checkImmutable, checkLabels } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { checkResourceRequirements } from "../podspec/resources.ts";
import { checkTolerations } from "../podspec/tolerations.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

export const runtimeClassStrategy: KindStrategy = {
  validate: (runtimeClass: RuntimeClass) => checkClass(runtimeClass),
  validateUpdate(runtimeClass: RuntimeClass, old: RuntimeClass) {
    const out: FieldError[] = [];
    checkImmutable(runtimeClass.handler, old.handler, root("handler"), out);
    return out;
  },
  table: {
    columns: [nameColumn, text("Handler"), ageColumn],
    cells: (runtimeClass: RuntimeClass, now) => [nameOf(runtimeClass), runtimeClass.handler, ageOf(runtimeClass, now)],
  },
};

function checkClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const out: FieldError[] = [];
  if (!handler) out.push(fieldError.required(root("handler"), ""));
  else checkDNSLabel(handler, root("handler"), out);
  if (overhead) checkResourceRequirements({ limits: overhead.podFixed }, root("overhead"), out);
  if (scheduling) checkScheduling(scheduling, root("scheduling"), out);
  return out;
}

function checkScheduling(scheduling: nodeV1.Scheduling, path: FieldPath, out: FieldError[]): void {
  checkLabels(scheduling.nodeSelector, path.child("nodeSelector"), out);
  const tolerations = scheduling.tolerations ?? [];
  checkTolerations(tolerations, path.child("tolerations"), out);
  for (const [i, toleration] of tolerations.entries()) {
    if (!tolerations.slice(0, i).some((other) => semanticEqual(other, toleration))) continue;
    const shown = goValue(toleration, "io.k8s.api.core.v1.Toleration");
    out.push(fieldError.duplicate(path.child("tolerations").index(i), shown));
  }
}
