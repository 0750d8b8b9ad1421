import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, root } from "../../meta/index.ts";
import type { CustomResourceDefinition } from "../../types/index.ts";
import { checkImmutable, checkRequiredSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkApproval } from "./approval.ts";
import { checkConversion } from "./conversion.ts";
import { formatWarnings } from "./formats.ts";
import { checkNames, checkRequiredNames } from "./names.ts";
import { checkVersions } from "./versions.ts";

const specPath = root("spec");
const acceptedPath = root("status", "acceptedNames");
const storedPath = root("status", "storedVersions");

type Definition = CustomResourceDefinition;

export const customResourceDefinitionStrategy: KindStrategy = {
  applyDefaults({ spec }: Definition) {
    const { names } = spec;
    if (names.kind) {
      names.singular ||= names.kind.toLowerCase();
      names.listKind ||= `${names.kind}List`;
    }
    spec.conversion ??= { strategy: "None" };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service) service.port ??= 443;
  },
  prepareForCreate(definition: Definition) {
    definition.status = {
      conditions: null,
      acceptedNames: { plural: "", kind: "" },
      storedVersions: storageVersions(definition),
    };
    if (definition.status.storedVersions?.length === 0) definition.status.storedVersions = null;
  },
  prepareForUpdate(definition: Definition, old: Definition) {
    const stored = old.status?.storedVersions ?? [];
    const fresh = storageVersions(definition).filter((version) => !stored.includes(version));
    if (fresh.length > 0) definition.status = { ...old.status, storedVersions: [...stored, ...fresh] };
  },
  validate: (definition: Definition) => checkDefinition(definition),
  validateUpdate(definition: Definition, old: Definition) {
    const out: FieldError[] = [];
    checkSpec(definition, old, out);
    const isEstablished = (old.status?.conditions ?? []).some(
      ({ type, status }) => type === "Established" && status === "True",
    );
    const { spec } = definition;
    if (isEstablished) {
      checkImmutable(spec.scope, old.spec.scope, specPath.child("scope"), out);
      checkImmutable(spec.names.kind, old.spec.names.kind, specPath.child("names", "kind"), out);
    }
    checkImmutable(spec.group, old.spec.group, specPath.child("group"), out);
    checkImmutable(spec.names.plural, old.spec.names.plural, specPath.child("names", "plural"), out);
    checkNames(definition.status?.acceptedNames ?? { plural: "", kind: "" }, acceptedPath, out);
    checkStored(definition, out);
    checkApproval(definition, old, out);
    return out;
  },
  warnings: (definition: Definition, old?: Definition) => formatWarnings(definition, old),
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate(definition: Definition) {
        const out: FieldError[] = [];
        checkNames(definition.status?.acceptedNames ?? { plural: "", kind: "" }, acceptedPath, out);
        checkStored(definition, out);
        return out;
      },
    },
  },
};

function storageVersions({ spec }: Definition): string[] {
  return (spec.versions ?? []).filter(({ storage }) => storage).map(({ name }) => name);
}

function checkDefinition(definition: Definition): FieldError[] {
  const out: FieldError[] = [];
  const { metadata, spec } = definition;
  const expected = `${spec.names.plural}.${spec.group}`;
  if (metadata.name && metadata.name !== expected) {
    out.push(fieldError.invalid(root("metadata", "name"), metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  checkSpec(definition, undefined, out);
  checkStored(definition, out);
  checkApproval(definition, undefined, out);
  return out;
}

function checkSpec({ spec }: Definition, old: Definition | undefined, out: FieldError[]): void {
  checkGroup(spec.group, specPath.child("group"), out);
  checkRequiredSupported(spec.scope, ["Cluster", "Namespaced"], specPath.child("scope"), out);
  checkVersions(spec, old?.spec, specPath, out);
  const namesPath = specPath.child("names");
  checkRequiredNames(spec.names, namesPath, out);
  checkNames(spec.names, namesPath, out);
  checkConversion(spec.conversion, old?.spec.conversion, specPath.child("conversion"), out);
  if (spec.preserveUnknownFields && !old?.spec.preserveUnknownFields) {
    const detail =
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    out.push(fieldError.invalid(specPath.child("preserveUnknownFields"), true, detail));
  }
}

function checkGroup(group: string, path: FieldPath, out: FieldError[]): void {
  if (!group) {
    out.push(fieldError.required(path, ""));
    return;
  }
  const problems = isDNS1123Subdomain(group);
  if (problems.length > 0) out.push(fieldError.invalid(path, group, problems.join(",")));
  else if (!group.includes(".")) {
    out.push(fieldError.invalid(path, group, "should be a domain with at least one dot"));
  }
}

function checkStored({ spec, status }: Definition, out: FieldError[]): void {
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) {
    out.push(fieldError.invalid(storedPath, status?.storedVersions ?? null, "must have at least one stored version"));
    return;
  }
  const versions = spec.versions ?? [];
  const storage = versions.find((version) => version.storage);
  if (storage && !stored.includes(storage.name)) {
    out.push(fieldError.invalid(storedPath, stored, `must have the storage version ${storage.name}`));
  }
  for (const [i, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    out.push(fieldError.invalid(storedPath.index(i), name, "must appear in spec.versions"));
  }
}
