import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Label } from "../../meta/index.ts";
import type {
  flowcontrolV1,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from "../../types/index.ts";
import { checkDNSSubdomain } from "../field-checks.ts";

const resourceVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const urlVerbs = ["delete", "get", "head", "options", "patch", "post", "put"];

export function checkPolicyRules(rule: PolicyRulesWithSubjects, path: FieldPath, out: FieldError[]): void {
  const subjects = rule.subjects ?? [];
  if (subjects.length === 0) {
    out.push(fieldError.required(path.child("subjects"), "subjects must contain at least one value"));
  }
  for (const [i, subject] of subjects.entries()) checkSubject(subject, path.child("subjects").index(i), out);
  const resourceRules = rule.resourceRules ?? [];
  const urlRules = rule.nonResourceRules ?? [];
  if (resourceRules.length === 0 && urlRules.length === 0) {
    out.push(fieldError.required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  }
  for (const [i, one] of resourceRules.entries()) checkResourceRule(one, path.child("resourceRules").index(i), out);
  for (const [i, one] of urlRules.entries()) checkURLRule(one, path.child("nonResourceRules").index(i), out);
}

const subjectFields = [
  ["ServiceAccount", "serviceAccount"],
  ["User", "user"],
  ["Group", "group"],
] as const;

function checkSubject(subject: flowcontrolV1.Subject, path: FieldPath, out: FieldError[]): void {
  if (!subjectFields.some(([kind]) => kind === subject.kind)) {
    const kinds = ["Group", "ServiceAccount", "User"];
    out.push(fieldError.notSupported(path.child("kind"), subject.kind ?? "", kinds));
    return;
  }
  for (const [kind, field] of subjectFields) {
    const value = subject[field];
    const at = path.child(field);
    if (kind !== subject.kind) {
      if (value) out.push(fieldError.forbidden(at, `${field} is forbidden when subject kind is not '${kind}'`));
    } else if (!value) out.push(fieldError.required(at, `${field} is required when subject kind is '${kind}'`));
    else checkSubjectName(value, kind, at, out);
  }
}

function checkSubjectName(
  { name, namespace }: { name: string; namespace?: string },
  kind: string,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!name) out.push(fieldError.required(path.child("name"), ""));
  else if (kind === "ServiceAccount" && name !== "*") checkDNSSubdomain(name, path.child("name"), out);
  if (kind !== "ServiceAccount") return;
  if (!namespace) {
    out.push(fieldError.required(path.child("namespace"), "must specify namespace for service account"));
  } else {
    for (const message of isDNS1123Label(namespace)) {
      out.push(fieldError.invalid(path.child("namespace"), namespace, message));
    }
  }
}

function checkResourceRule(rule: ResourcePolicyRule, path: FieldPath, out: FieldError[]): void {
  checkVerbs(rule.verbs ?? [], resourceVerbs, path, out);
  const atLeast = "resource rules must supply at least one";
  checkStarList(rule.apiGroups ?? [], `${atLeast} api group`, "api groups", path.child("apiGroups"), out);
  checkStarList(rule.resources ?? [], `${atLeast} resource`, "resources", path.child("resources"), out);
  const namespaces = rule.namespaces ?? [];
  const namespacesPath = path.child("namespaces");
  if (namespaces.length === 0 && rule.clusterScope) return;
  const needed = "resource rules that are not cluster scoped must supply at least one namespace";
  if (!checkStarList(namespaces, needed, "namespaces", namespacesPath, out)) return;
  for (const [i, namespace] of namespaces.entries()) {
    if (namespace === "*") continue;
    for (const message of isDNS1123Label(namespace)) {
      const detail = `each member of this list must be '*' or a DNS-1123 label; ${message}`;
      out.push(fieldError.invalid(namespacesPath.index(i), namespace, detail));
    }
  }
}

function checkURLRule(rule: NonResourcePolicyRule, path: FieldPath, out: FieldError[]): void {
  checkVerbs(rule.verbs ?? [], urlVerbs, path, out);
  const urls = rule.nonResourceURLs ?? [];
  const urlsPath = path.child("nonResourceURLs");
  const needed = "nonResourceURLs must contain at least one value";
  if (!checkStarList(urls, needed, "non-resource URLs", urlsPath, out)) return;
  for (const [i, url] of urls.entries()) if (url !== "*") checkURL(url, urlsPath.index(i), out);
}

function checkURL(url: string, path: FieldPath, out: FieldError[]): void {
  if (url === "") out.push(fieldError.invalid(path, url, "must not be empty"));
  else if (/\s/.test(url)) out.push(fieldError.invalid(path, url, "must not contain white-space"));
  else if (!url.startsWith("/")) out.push(fieldError.invalid(path, url, "must start with slash"));
  else if (url.includes("//")) out.push(fieldError.invalid(path, url, "must not contain double slash"));
  else if (/\*./.test(url)) out.push(fieldError.invalid(path, url, "wildcard can only do suffix matching"));
}

function checkVerbs(verbs: readonly string[], supported: readonly string[], path: FieldPath, out: FieldError[]): void {
  const at = path.child("verbs");
  if (!checkStarList(verbs, "verbs must contain at least one value", "verbs", at, out)) return;
  const unknown = verbs.some((verb) => verb !== "*" && !supported.includes(verb));
  if (unknown) out.push(fieldError.notSupported(at, verbs, supported));
}

/** Whether the list is well so far: `*` stands for all and stands alone. */
function checkStarList(
  values: readonly string[],
  needed: string,
  what: string,
  path: FieldPath,
  out: FieldError[],
): boolean {
  if (values.length === 0) {
    out.push(fieldError.required(path, needed));
    return false;
  }
  if (values.length === 1 || !values.includes("*")) return true;
  out.push(fieldError.invalid(path, values, `if '*' is present, must not specify other ${what}`));
  return false;
}
