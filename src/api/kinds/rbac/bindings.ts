import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isPathSegmentName, root, semanticEqual } from "../../meta/index.ts";
import type { ClusterRoleBinding, RoleBinding, RoleRef, Subject } from "../../types/index.ts";
import { checkDNSSubdomain, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

const group = "rbac.authorization.k8s.io";

type Binding = RoleBinding | ClusterRoleBinding;

export const roleBindingStrategy = bindingStrategy(["Role", "ClusterRole"], true);
export const clusterRoleBindingStrategy = bindingStrategy(["ClusterRole"], false);

function bindingStrategy(roleKinds: readonly string[], isNamespaced: boolean): KindStrategy {
  const check = (binding: Binding) => checkBinding(binding, roleKinds, isNamespaced);
  return {
    applyDefaults(binding: Binding) {
      binding.roleRef.apiGroup ||= group;
      for (const subject of binding.subjects ?? []) {
        if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= group;
      }
    },
    validateName: isPathSegmentName,
    validate: check,
    validateUpdate(binding: Binding, old: Binding) {
      const out = check(binding);
      if (!semanticEqual(binding.roleRef, old.roleRef)) {
        const shown = goValue(binding.roleRef, "io.k8s.api.rbac.v1.RoleRef");
        out.push(fieldError.invalid(root("roleRef"), shown, "cannot change roleRef"));
      }
      return out;
    },
    table: {
      columns: [nameColumn, text("Role"), ageColumn, text("Users", 1), text("Groups", 1), text("ServiceAccounts", 1)],
      cells: (binding: Binding, now) => [
        nameOf(binding),
        `${binding.roleRef.kind}/${binding.roleRef.name}`,
        ageOf(binding, now),
        subjectsText(binding, "User"),
        subjectsText(binding, "Group"),
        subjectsText(binding, "ServiceAccount"),
      ],
    },
  };
}

function subjectsText({ subjects }: Binding, kind: string): string {
  const found = (subjects ?? []).filter((subject) => subject.kind === kind);
  const names = found.map(({ name, namespace }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name));
  return names.join(", ");
}

function checkBinding(binding: Binding, roleKinds: readonly string[], isNamespaced: boolean): FieldError[] {
  const out: FieldError[] = [];
  checkRoleRef(binding.roleRef, roleKinds, root("roleRef"), out);
  for (const [i, subject] of (binding.subjects ?? []).entries()) {
    checkSubject(subject, isNamespaced, root("subjects").index(i), out);
  }
  return out;
}

function checkRoleRef({ apiGroup, kind, name }: RoleRef, kinds: readonly string[], path: FieldPath, out: FieldError[]) {
  checkGroup(apiGroup, [group], path, out);
  if (!kinds.includes(kind)) out.push(fieldError.notSupported(path.child("kind"), kind, kinds));
  if (!name) out.push(fieldError.required(path.child("name"), ""));
  else checkWith(isPathSegmentName(name), name, path.child("name"), out);
}

function checkGroup(apiGroup = "", supported: readonly string[], path: FieldPath, out: FieldError[]): void {
  if (!supported.includes(apiGroup)) out.push(fieldError.notSupported(path.child("apiGroup"), apiGroup, supported));
}

function checkSubject(subject: Subject, isNamespaced: boolean, path: FieldPath, out: FieldError[]): void {
  const { kind, name, apiGroup, namespace } = subject;
  if (!name) out.push(fieldError.required(path.child("name"), ""));
  switch (kind) {
    case "ServiceAccount":
      if (name) checkDNSSubdomain(name, path.child("name"), out);
      checkGroup(apiGroup, [""], path, out);
      if (!isNamespaced && !namespace) out.push(fieldError.required(path.child("namespace"), ""));
      break;
    case "User":
    case "Group":
      checkGroup(apiGroup, [group], path, out);
      break;
    default:
      out.push(fieldError.notSupported(path.child("kind"), kind, ["ServiceAccount", "User", "Group"]));
  }
}
