import type { FieldError, FieldPath } from "../../meta/index.ts";
import { deepEqual, fieldError, isDNS1035Label, root } from "../../meta/index.ts";
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  JSONSchemaProps,
} from "../../types/index.ts";
import { checkWith, goStruct } from "../field-checks.ts";
import { goValue } from "../go-value.ts";
import { checkPathUnder, checkSimplePath } from "./json-path.ts";
import { checkDefaults } from "./schema-defaults.ts";
import { checkSchemaRules, isUnsupported } from "./schema-rules.ts";
import { checkSelectableFields } from "./selectable-fields.ts";
import { checkStructural } from "./structural-schema.ts";

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["int32", "int64", "float", "double", "byte", "date", "date-time", "password"];
const warningLengthMax = 256;

const definitions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

type Version = CustomResourceDefinitionVersion;

/** What versions say alike the original takes as said of all, so that errors lie on the spec itself. */
const sharedFields = [
  ["schema", "validation"],
  ["subresources", "subresources"],
  ["additionalPrinterColumns", "additionalPrinterColumns"],
  ["selectableFields", "selectableFields"],
] as const;
type SharedField = (typeof sharedFields)[number][0];

function isShared(versions: readonly Version[], field: SharedField): boolean {
  const [first, ...others] = versions;
  return first?.[field] !== undefined && others.every((version) => deepEqual(version[field], first[field]));
}

/** What was taken before these were demanded may stay without: definitions of v1beta1. */
interface Demands {
  readonly schemas: boolean;
  readonly structural: boolean;
}

function demandsOn(old: CustomResourceDefinitionSpec | undefined): Demands {
  const schemas = (old?.versions ?? []).map(({ schema }) => schema?.openAPIV3Schema);
  const isStructural = (schema: JSONSchemaProps | undefined) => {
    const problems: FieldError[] = [];
    if (schema && !isUnsupported(schema)) checkStructural(schema, root("spec"), problems);
    return problems.length === 0;
  };
  return { schemas: schemas.every((schema) => schema !== undefined), structural: schemas.every(isStructural) };
}

/** @param old what is replaced */
export function checkVersions(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const versions = spec.versions ?? [];
  const versionsPath = path.child("versions");
  const demands = demandsOn(old);
  for (const [i, version] of versions.entries()) {
    if (version.schema?.openAPIV3Schema || !demands.schemas) continue;
    out.push(fieldError.required(versionsPath.index(i).child("schema", "openAPIV3Schema"), ""));
  }
  for (const [i, version] of versions.entries()) checkVersion(version, versions, demands, versionsPath.index(i), out);
  const names = new Set(versions.map(({ name }) => name));
  if (names.size < versions.length) {
    out.push(fieldError.invalid(versionsPath, printed(versions), "must contain unique version names"));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    const detail = "must have exactly one version marked as storage version";
    out.push(fieldError.invalid(versionsPath, printed(versions), detail));
  }
  const [first] = versions;
  if (!first) return;
  const hasStatus = versions.some(({ subresources }) => subresources?.status !== undefined);
  for (const [field, specField] of sharedFields) {
    if (isShared(versions, field)) checkPart(first, field, { ...demands, hasStatus }, path.child(specField), out);
  }
}

function checkVersion(
  version: Version,
  versions: readonly Version[],
  demands: Demands,
  path: FieldPath,
  out: FieldError[],
): void {
  checkWith(isDNS1035Label(version.name ?? ""), version.name ?? "", path.child("name"), out);
  const { deprecationWarning: warning, deprecated } = version;
  if (warning !== undefined) {
    const at = path.child("deprecationWarning");
    if (!deprecated) out.push(fieldError.invalid(at, warning, "can only be set for deprecated versions"));
    if (warning.length > warningLengthMax) {
      out.push(fieldError.invalid(at, warning, `must be <= ${warningLengthMax} characters long`));
    }
    if (warning === "") out.push(fieldError.invalid(at, warning, "must not be an empty string"));
  }
  const facts = { ...demands, hasStatus: version.subresources?.status !== undefined };
  for (const [field] of sharedFields) {
    if (!isShared(versions, field)) checkPart(version, field, facts, path.child(field), out);
  }
}

interface SchemaFacts extends Demands {
  readonly hasStatus: boolean;
}

function checkPart(version: Version, field: SharedField, facts: SchemaFacts, path: FieldPath, out: FieldError[]): void {
  if (field === "schema") checkSchema(version.schema, facts, path, out);
  else if (field === "subresources") checkSubresources(version.subresources, path, out);
  else if (field === "additionalPrinterColumns") checkColumns(version.additionalPrinterColumns ?? [], path, out);
  else checkSelectableFields(version.selectableFields, version.schema?.openAPIV3Schema, path, out);
}

function checkSchema(
  validation: CustomResourceValidation | undefined,
  { hasStatus, structural }: SchemaFacts,
  path: FieldPath,
  out: FieldError[],
): void {
  const schema = validation?.openAPIV3Schema;
  if (!schema) return;
  const at = path.child("openAPIV3Schema");
  if (hasStatus) checkRootFields(schema, at, out);
  if (schema.nullable) out.push(fieldError.forbidden(at.child("nullable"), "nullable cannot be true at the root"));
  const before = out.length;
  if (structural && !isUnsupported(schema)) checkStructural(schema, at, out);
  if (structural && out.length === before && !isUnsupported(schema)) checkDefaults(schema, at, out);
  checkSchemaRules(schema, at, out);
}

/** What would be lost of the root when the schema of its status is taken out. */
const lostAtRoot = [
  "$ref",
  "additionalItems",
  "additionalProperties",
  "allOf",
  "anyOf",
  "default",
  "definitions",
  "dependencies",
  "enum",
  "id",
  "maxProperties",
  "minProperties",
  "not",
  "nullable",
  "oneOf",
  "patternProperties",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
] as const satisfies readonly (keyof JSONSchemaProps)[];

const allowedAtRoot =
  "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern " +
  "MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields " +
  "XValidations]";

function checkRootFields(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (schema.type && schema.type !== "object") {
    const detail =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    out.push(fieldError.invalid(path.child("type"), schema.type, detail));
  }
  if (!lostAtRoot.some((field) => schema[field] !== undefined && schema[field] !== false)) return;
  const shown = goValue(schema, `${definitions}.JSONSchemaProps`);
  const detail = `only ${allowedAtRoot} fields are allowed at the root of the schema if the status subresource is enabled`;
  out.push(fieldError.invalid(path, shown, detail));
}

function checkSubresources(subresources: CustomResourceSubresources | undefined, path: FieldPath, out: FieldError[]) {
  const scale = subresources?.scale;
  if (!scale) return;
  const at = path.child("scale");
  checkPathUnder(scale.specReplicasPath, [".spec"], at.child("specReplicasPath"), out);
  checkPathUnder(scale.statusReplicasPath, [".status"], at.child("statusReplicasPath"), out);
  if (scale.labelSelectorPath) {
    checkPathUnder(scale.labelSelectorPath, [".spec", ".status"], at.child("labelSelectorPath"), out);
  }
}

function checkColumns(columns: readonly CustomResourceColumnDefinition[], path: FieldPath, out: FieldError[]): void {
  for (const [i, { name, type, format, jsonPath }] of columns.entries()) {
    const at = path.index(i);
    if (!name) out.push(fieldError.required(at.child("name"), ""));
    if (!type) out.push(fieldError.required(at.child("type"), `must be one of ${columnTypes.join(",")}`));
    else if (!columnTypes.includes(type)) {
      out.push(fieldError.invalid(at.child("type"), type, `must be one of ${columnTypes.join(",")}`));
    }
    if (format && !columnFormats.includes(format)) {
      const known = [...columnFormats].sort().join(",");
      out.push(fieldError.invalid(at.child("format"), format, `must be one of ${known}`));
    }
    if (!jsonPath) out.push(fieldError.required(at.child("JSONPath"), ""));
    else checkSimplePath(jsonPath, at.child("JSONPath"), out);
  }
}

function printed(versions: readonly Version[]): unknown {
  const part = (version: Version, field: SharedField, type: string) =>
    isShared(versions, field) ? null : goValue(version[field], `${definitions}.${type}`);
  return versions.map((version) =>
    goStruct([
      ["Name", version.name],
      ["Served", version.served],
      ["Storage", version.storage],
      ["Deprecated", version.deprecated ?? false],
      ["DeprecationWarning", version.deprecationWarning],
      ["Schema", part(version, "schema", "CustomResourceValidation")],
      ["Subresources", part(version, "subresources", "CustomResourceSubresources")],
      [
        "AdditionalPrinterColumns",
        isShared(versions, "additionalPrinterColumns") ? null : version.additionalPrinterColumns,
      ],
      ["SelectableFields", isShared(versions, "selectableFields") ? null : version.selectableFields],
    ]),
  );
}
