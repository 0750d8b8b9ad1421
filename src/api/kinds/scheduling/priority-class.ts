import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { PriorityClass } from "../../types/index.ts";
import { checkImmutable, checkRequiredSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf, text } from "../table/cells.ts";

/** Values above are the system's own. */
const userValueMax = 1_000_000_000;

const systemValues: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

export const priorityClassStrategy: KindStrategy = {
  applyDefaults(priority: PriorityClass) {
    priority.preemptionPolicy ??= "PreemptLowerPriority";
  },
  prepareForCreate(priority: PriorityClass) {
    priority.metadata.generation = 1; // and stays: what may change is not counted
  },
  validate: (priority: PriorityClass) => checkPriorityClass(priority),
  validateUpdate(priority: PriorityClass, old: PriorityClass) {
    const out: FieldError[] = [];
    if ((priority.value ?? 0) !== (old.value ?? 0)) {
      out.push(fieldError.forbidden(root("value"), "may not be changed in an update."));
    }
    checkImmutable(priority.preemptionPolicy, old.preemptionPolicy, root("preemptionPolicy"), out);
    return out;
  },
  table: {
    columns: [
      nameColumn,
      integer("Value"),
      { name: "Global-Default", type: "boolean" },
      ageColumn,
      text("PreemptionPolicy"),
    ],
    cells: (priority: PriorityClass, now) => [
      nameOf(priority),
      priority.value ?? 0,
      priority.globalDefault ?? false,
      ageOf(priority, now),
      priority.preemptionPolicy ?? "",
    ],
  },
};

function checkPriorityClass(priority: PriorityClass): FieldError[] {
  const out: FieldError[] = [];
  const name = priority.metadata.name ?? "";
  if (name.startsWith("system-") && !isSystemClass(priority, name)) {
    const detail = "priority class names with 'system-' prefix are reserved for system use only. error: ";
    const problem = Object.hasOwn(systemValues, name)
      ? `value of ${name} PriorityClass must be ${systemValues[name]}`
      : `${name} is not a known system priority class`;
    out.push(fieldError.forbidden(root("metadata", "name"), detail + problem));
  } else if (!name.startsWith("system-") && (priority.value ?? 0) > userValueMax) {
    const detail = `maximum allowed value of a user defined priority is ${userValueMax}`;
    out.push(fieldError.forbidden(root("value"), detail));
  }
  const policies = ["PreemptLowerPriority", "Never"];
  checkRequiredSupported(priority.preemptionPolicy, policies, root("preemptionPolicy"), out);
  return out;
}

function isSystemClass(priority: PriorityClass, name: string): boolean {
  return Object.hasOwn(systemValues, name) && systemValues[name] === priority.value && !priority.globalDefault;
}
