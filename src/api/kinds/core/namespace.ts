import type { FieldError } from "../../meta/index.ts";
import { fieldError, isDNS1123Label, isQualifiedName, root } from "../../meta/index.ts";
import type { Namespace } from "../../types/index.ts";
import { checkLabels } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { restoreField } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

const nameLabel = "kubernetes.io/metadata.name";

export const namespaceStrategy: KindStrategy = {
  applyDefaults: (namespace: Namespace) => labelName(namespace),
  prepareForCreate(namespace: Namespace) {
    labelName(namespace);
    namespace.status = { phase: "Active" };
    const finalizers = namespace.spec?.finalizers ?? [];
    if (!finalizers.includes("kubernetes"))
      namespace.spec = { ...namespace.spec, finalizers: [...finalizers, "kubernetes"] };
  },
  prepareForUpdate: (namespace: Namespace, old: Namespace) => restoreField(namespace, old, "spec"),
  validateName: isDNS1123Label,
  validate: (namespace: Namespace) => checkFinalizers(namespace),
  validateUpdate(namespace: Namespace) {
    // The original looks at labels again, and once more.
    const out: FieldError[] = [];
    checkLabels(namespace.metadata.labels, root("metadata", "labels"), out);
    return [...out, ...out, ...checkFinalizers(namespace)];
  },
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate: (namespace: Namespace) => checkPhase(namespace),
    },
    finalize: {
      prepareForUpdate: (namespace: Namespace, old: Namespace) => restoreField(namespace, old, "status"),
      validateUpdate: (namespace: Namespace) => checkFinalizers(namespace),
    },
  },
  selectableFields: ["status.phase", "name"],
  fieldValue(namespace: Namespace, field) {
    if (field === "status.phase") return namespace.status?.phase;
    return field === "name" ? namespace.metadata.name : undefined;
  },
  table: {
    columns: [nameColumn, text("Status"), ageColumn],
    cells: (namespace: Namespace, now) => [nameOf(namespace), namespace.status?.phase ?? "", ageOf(namespace, now)],
  },
};

/** Selectors find a namespace by its name through this label, which nobody can change. */
function labelName(namespace: Namespace): void {
  const { name, labels } = namespace.metadata;
  if (name && labels?.[nameLabel] !== name) namespace.metadata.labels = { ...labels, [nameLabel]: name };
}

const standardFinalizers = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

function checkFinalizers(namespace: Namespace): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, finalizer] of (namespace.spec?.finalizers ?? []).entries()) {
    const path = root("spec", "finalizers");
    for (const message of isQualifiedName(finalizer)) out.push(fieldError.invalid(path, finalizer, message));
    if (!finalizer.includes("/") && !standardFinalizers.has(finalizer)) {
      const detail = "name is neither a standard finalizer name nor is it fully qualified";
      out.push(fieldError.invalid(path.index(i), finalizer, detail));
    }
  }
  return out;
}

function checkPhase(namespace: Namespace): FieldError[] {
  const path = root("status", "Phase");
  const phase = namespace.status?.phase;
  if (namespace.metadata.deletionTimestamp) {
    if (phase === "Terminating") return [];
    return [fieldError.invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
  }
  if (phase === "Active") return [];
  return [fieldError.invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty")];
}
