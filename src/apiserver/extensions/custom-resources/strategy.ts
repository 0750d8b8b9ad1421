import { compileSchemaRules, type RuleSchema } from "../../../api/cel/index.ts";
import { raiseGeneration, restoreField, type Strategy } from "../../../api/kinds/index.ts";
import {
  deepEqual,
  type FieldError,
  FieldPath,
  fieldError,
  formatApiVersion,
  isQualifiedName,
  isValidLabelValue,
  type JsonObject,
  type JsonValue,
  type KubeObject,
  root,
} from "../../../api/meta/index.ts";
import {
  applyDefaults,
  checkEmbedded,
  checkListTypes,
  compileValidator,
  type SchemaValidator,
} from "../../../api/structural/index.ts";
import { customTable } from "./columns.ts";
import type { CustomVersion } from "./custom-version.ts";
import { fieldNames, nestedValue } from "./nested-fields.ts";
import { checkScale, customScale } from "./scale.ts";

/** What a request to a custom resource goes through, by what its definition says. */
export function customStrategy(version: CustomVersion): Strategy {
  const { definition } = version;
  const { status, scale } = definition.subresources ?? {};
  const checks = new ObjectChecks(version);
  const selectableFields = (definition.selectableFields ?? []).map(({ jsonPath }) => fieldNames(jsonPath).join("."));
  return {
    hasGeneration: true,
    allowUnconditionalUpdate: false,
    applyDefaults(draft) {
      const filled = applyDefaults(asJson(draft), version.node);
      if (filled !== asJson(draft)) Object.assign(draft, filled);
    },
    prepareForCreate(draft) {
      if (status) delete asJson(draft).status;
    },
    prepareForUpdate(draft, old) {
      if (status) restoreField(draft, old, "status");
      // Without the subresource a status is a field like all others.
      else if (!deepEqual(asJson(draft).status, asJson(old).status)) raiseGeneration(draft, old);
    },
    validate: (object) => checks.all(object),
    validateUpdate: (object, old) => checks.all(object, old),
    ...(status && {
      updates: {
        status: { prepareForUpdate: keepAllButStatus, validateUpdate: (object, old) => checks.status(object, old) },
      },
      resetFields: { "": [["status"]], status: version.fieldsBesideStatus },
    }),
    ...(selectableFields.length > 0 && {
      selectableFields,
      fieldValue: (object, field) => textOf(nestedValue(asJson(object), field.split("."))),
    }),
    table: customTable(definition.additionalPrinterColumns),
    ...(scale && { scale: customScale(scale) }),
  };
}

function asJson(object: KubeObject): JsonObject {
  return object as object as JsonObject;
}

function textOf(value: JsonValue | undefined): string {
  return value === undefined || value === null ? "" : String(value);
}

/** An update of the status changes nothing else, metadata included; who manages it is told all the same. */
function keepAllButStatus(draft: KubeObject, old: KubeObject): void {
  const fields = asJson(draft);
  const { status } = fields;
  const { managedFields } = draft.metadata;
  for (const field of Object.keys(fields)) delete fields[field];
  Object.assign(fields, old, { metadata: { ...old.metadata } });
  if (managedFields === undefined) delete draft.metadata.managedFields;
  else draft.metadata.managedFields = managedFields;
  if (status === undefined) delete fields.status;
  else fields.status = status;
}

const blockedRules =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/** Errors after which rules would be asked about values that are not what they expect. */
const blocking: ReadonlySet<FieldError["type"]> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const noPath = new FieldPath(undefined, "", false);

/** All that can be wrong with an object beside its metadata. What the schema says is compiled when first asked for. */
class ObjectChecks {
  readonly #version: CustomVersion;
  #schema: SchemaValidator | undefined;
  #status: SchemaValidator | undefined;
  #rules: { readonly of: ReturnType<typeof compileSchemaRules> } | undefined;

  constructor(version: CustomVersion) {
    this.#version = version;
  }

  all(object: KubeObject, old?: KubeObject): FieldError[] {
    const wrongType = this.#typeErrors(object);
    if (wrongType.length > 0) return wrongType;
    const { node, definition } = this.#version;
    this.#schema ??= compileValidator(node.schema);
    const json = asJson(object);
    const before = old && asJson(old);
    const found = this.#schema.check(json, before);
    found.push(...checkScale(object, definition.subresources?.scale, "whole"));
    found.push(...checkEmbedded(json, node, embeddedMetadataErrors));
    return this.#withRules(found, object, old);
  }

  status(object: KubeObject, old: KubeObject): FieldError[] {
    const { node, definition } = this.#version;
    const schema = node.properties.get("status")?.schema;
    this.#status ??= compileValidator(schema ?? {});
    const { status } = asJson(object);
    const found = status === undefined ? [] : this.#status.check(status, asJson(old).status ?? {}, root("status"));
    found.push(...checkScale(object, definition.subresources?.scale, "status"));
    return this.#withRules(found, object, old);
  }

  #withRules(found: FieldError[], object: KubeObject, old: KubeObject | undefined): FieldError[] {
    const { node } = this.#version;
    const json = asJson(object);
    const isOldFine = old === undefined || checkListTypes(asJson(old), node).length === 0;
    if (isOldFine) found.push(...checkListTypes(json, node));
    this.#rules ??= { of: compileSchemaRules(node.schema as RuleSchema) };
    const rules = this.#rules.of;
    if (rules === undefined) return found;
    if (found.some(({ type }) => blocking.has(type)))
      return [...found, fieldError.invalid("<nil>", null, blockedRules)];
    for (const error of rules.check(json, old && asJson(old), noPath)) {
      found.push(error.field === "" ? { ...error, field: "<nil>" } : error);
    }
    return found;
  }

  #typeErrors({ apiVersion, kind }: KubeObject): FieldError[] {
    const { facts, name } = this.#version;
    const found: FieldError[] = [];
    const expected = formatApiVersion({ group: facts.group, version: name });
    if (kind !== facts.kind) found.push(fieldError.invalid("kind", kind, `must be ${facts.kind}`));
    if (apiVersion !== expected) found.push(fieldError.invalid("apiVersion", apiVersion, `must be ${expected}`));
    return found;
  }
}

/** What is checked of the metadata of an object within an object. */
function embeddedMetadataErrors(metadata: JsonObject, path: FieldPath): FieldError[] {
  const found: FieldError[] = [];
  for (const field of ["labels", "annotations"] as const) {
    const entries = metadata[field];
    if (typeof entries !== "object" || entries === null || Array.isArray(entries)) continue;
    const at = path.child(field);
    for (const [key, value] of Object.entries(entries)) {
      const name = field === "labels" ? key : key.toLowerCase();
      for (const problem of isQualifiedName(name)) found.push(fieldError.invalid(at, key, problem));
      if (field !== "labels") continue;
      for (const problem of isValidLabelValue(String(value))) found.push(fieldError.invalid(at, value, problem));
    }
  }
  return found;
}
