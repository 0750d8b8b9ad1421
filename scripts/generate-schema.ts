import {
  alwaysWritten,
  mapKeyDefaults,
  plainBooleans,
  plainIntegers,
  pointerIntegers,
  pointerReadOnly,
  pointerStrings,
  requiredOmitted,
  requiredPointers,
} from "./generate-facts.ts";
import {
  type Definition,
  definitionOfProto,
  type OpenApi,
  type ProtoField,
  type ProtoMessage,
  packageOf,
  protoNameOf,
  type Schema,
  type Source,
  typeOf,
} from "./generate-source.ts";

/** Attributes of a field in the compact tables; src/api/schema/tables.ts reads them. */
export interface FieldAttributes {
  /** Required. */
  r?: 1;
  /** Always written. */
  w?: 1;
  /** Dropped when zero (a scalar without pointer). */
  z?: 1;
  /** List type: map or set. */
  l?: "m" | "s";
  k?: string[];
  /** Defaults of map keys. */
  d?: Record<string, string | number>;
  /** Atomic map or struct. */
  a?: 1;
  /** Patch strategy and merge key. */
  ps?: string;
  pk?: string;
  /** Numbers of the embedded messages, outermost first, that hold the field on the protobuf wire. */
  in?: number[];
  /** The list is wrapped into a message of its own on the protobuf wire. */
  e?: 1;
}
/** Type, protobuf number (0: none), attributes. */
export type CompactField = [string, number] | [string, number, FieldAttributes];
export interface CompactDefinition {
  /** Fields by name. */
  f: Record<string, CompactField>;
  /** Atomic. */
  a?: 1;
  /** No protobuf message. */
  j?: 1;
}
export type CompactPackage = Record<string, CompactDefinition>;

/** Definitions that are not structs: the letter that stands for them in the tables. */
const leafDefinitions: Readonly<Record<string, string>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "m",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": "d",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "*f",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "o",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "*r",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "*j",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "*a",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "*b",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "*s",
};

/** Fields of embedded messages that are flat in JSON, by the embedding field's name. */
const embedding = new Set([
  "deviceConfiguration",
  "ephemeralContainerCommon",
  "handler",
  "ingressRuleValue",
  "localObjectReference",
  "persistentVolumeSource",
  "rule",
  "ruleWithOperations",
  "volumeSource",
]);

export interface Tables {
  /** Package name to its definitions: those of the published OpenAPI, and those only protobuf knows. */
  published: Map<string, CompactPackage>;
  unpublished: Map<string, CompactPackage>;
  /** apiVersion to kind to definition; `*` holds kinds that every group version knows. */
  kinds: Record<string, Record<string, string>>;
}

export function buildTables(source: Source): Tables {
  const tables: Tables = { published: new Map(), unpublished: new Map(), kinds: {} };
  for (const name of Object.keys(source.openApi.definitions).sort()) {
    const definition = source.openApi.definitions[name];
    if (definition === undefined || leafDefinitions[name] !== undefined) continue;
    place(tables.published, name, publishedDefinition(source, name, definition));
    for (const kind of kindsOf(definition)) addKind(tables, kind.apiVersion, kind.kind, name);
  }
  for (const message of [...source.messages.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = definitionOfProto(message.name);
    if (source.openApi.definitions[name] !== undefined || leafDefinitions[name] !== undefined) continue;
    if (!/^io\.k8s\.(api|apimachinery\.pkg\.apis|kube-aggregator|apiextensions-apiserver)\./.test(name)) continue;
    place(tables.unpublished, name, unpublishedDefinition(source, message));
    addUnpublishedKind(tables, name, message);
  }
  tables.kinds = sortKeys(tables.kinds);
  return tables;
}

function place(into: Map<string, CompactPackage>, name: string, definition: CompactDefinition): void {
  const pkg = packageOf(name);
  const definitions = into.get(pkg) ?? {};
  definitions[typeOf(name)] = definition;
  into.set(pkg, definitions);
}

function kindsOf(definition: Definition): { apiVersion: string; kind: string }[] {
  const published = definition["x-kubernetes-group-version-kind"] ?? [];
  if (published.length > 1) return published.slice(0, 1).map(({ kind }) => ({ apiVersion: "*", kind }));
  return published.map(({ group, version, kind }) => ({
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind,
  }));
}

function addKind(tables: Tables, apiVersion: string, kind: string, name: string): void {
  tables.kinds[apiVersion] ??= {};
  tables.kinds[apiVersion][kind] = name;
}

const groupSuffix = new Set([
  "admission",
  "admissionregistration",
  "apidiscovery",
  "authentication",
  "authorization",
  "certificates",
  "coordination",
  "discovery",
  "events",
  "imagepolicy",
  "networking",
  "node",
  "scheduling",
  "storage",
]);
const groupNames: Readonly<Record<string, string>> = {
  core: "",
  meta: "meta.k8s.io",
  rbac: "rbac.authorization.k8s.io",
  flowcontrol: "flowcontrol.apiserver.k8s.io",
};

/** Top-level kinds that only protobuf publishes: messages with metadata, or options. */
function addUnpublishedKind(tables: Tables, name: string, message: ProtoMessage): void {
  const [version = "", group = ""] = packageOf(name).split(".").reverse();
  const type = typeOf(name);
  if (group === "meta" && /^(Create|Update|Patch|Get|List|Table)Options$/.test(type)) addKind(tables, "*", type, name);
  const isKind =
    Object.keys(message.fields).some((f) => f === "metadata") ||
    /(Options|Review|SerializedReference|DeploymentRollback)$/.test(type);
  if (!isKind || /(Template|TemplateSpec|JobTemplate)$/.test(type)) return;
  const groupName = groupNames[group] ?? (groupSuffix.has(group) ? `${group}.k8s.io` : group);
  const apiVersion = groupName === "" ? version : `${groupName}/${version}`;
  const definition = tables.unpublished.get(packageOf(name))?.[type];
  if (definition) definition.f = { apiVersion: ["s", 0, { z: 1 }], kind: ["s", 0, { z: 1 }], ...definition.f };
  if (tables.kinds[apiVersion]?.[type] === undefined) addKind(tables, apiVersion, type, name);
}

function publishedDefinition(source: Source, name: string, definition: Definition): CompactDefinition {
  const message = source.messages.get(protoNameOf(name));
  const wire = message && flatFields(source, message);
  const isKind = definition["x-kubernetes-group-version-kind"] !== undefined;
  const f: Record<string, CompactField> = {};
  for (const [field, schema] of Object.entries(definition.properties ?? {})) {
    const proto = wire?.get(field.toLowerCase().replace(/[^a-z0-9]/g, ""));
    const attributes = fieldAttributes(source, name, definition, field, schema);
    if (proto && proto.embeddedIn.length > 0) attributes.in = proto.embeddedIn;
    if (proto && isWrapped(source, proto.field, schema)) attributes.e = 1;
    if (wire && !proto && !(isKind && (field === "apiVersion" || field === "kind"))) {
      if (field !== "apiVersion" && field !== "kind") throw new Error(`${name}.${field} has no protobuf field`);
    }
    f[field] = compactField(compactType(source, packageOf(name), schema, field), proto?.field.id ?? 0, attributes);
  }
  const compact: CompactDefinition = { f };
  if (definition["x-kubernetes-map-type"] === "atomic") compact.a = 1;
  if (!message) compact.j = 1;
  return compact;
}

function unpublishedDefinition(source: Source, message: ProtoMessage): CompactDefinition {
  const f: Record<string, CompactField> = {};
  const name = definitionOfProto(message.name);
  for (const { name: field, field: proto, embeddedIn } of flatFields(source, message).values()) {
    const json = jsonName(field);
    const attributes: FieldAttributes = {};
    if (json === "metadata") attributes.w = 1;
    if (embeddedIn.length > 0) attributes.in = embeddedIn;
    const wrapper =
      proto.rule === undefined || proto.keyType !== undefined ? wrapperOf(source, name, proto) : undefined;
    if (wrapper) attributes.e = 1;
    f[json] = compactField(protoType(source, message, proto, wrapper), proto.id, attributes);
  }
  return { f };
}

/** JSON names of the few protobuf fields that are spelled otherwise there. */
function jsonName(field: string): string {
  const special: Record<string, string> = { uID: "uid", aPIGroup: "apiGroup", podCIDR: "podCIDR" };
  return special[field] ?? field.charAt(0).toLowerCase() + field.slice(1);
}

interface WireField {
  name: string;
  field: ProtoField;
  embeddedIn: number[];
}

/** Fields of a message by lower-case name, with those of embedded messages as in JSON: flat. */
function flatFields(source: Source, message: ProtoMessage, trail: number[] = []): Map<string, WireField> {
  const flat = new Map<string, WireField>();
  for (const [name, field] of Object.entries(message.fields)) {
    const embeds = embedding.has(name) && isEmbedding(source, message, name);
    const embedded = embeds ? resolve(source, message.name, field.type) : undefined;
    if (embedded === undefined) flat.set(name.toLowerCase(), { name, field, embeddedIn: trail });
    else for (const [key, inner] of flatFields(source, embedded, [...trail, field.id])) flat.set(key, inner);
  }
  return flat;
}

/** Whether the published JSON has no such field, as it is flat there. */
function isEmbedding(source: Source, message: ProtoMessage, field: string): boolean {
  const published = source.openApi.definitions[definitionOfProto(message.name)];
  return published === undefined || published.properties?.[field] === undefined;
}

function resolve(source: Source, from: string, type: string): ProtoMessage | undefined {
  if (type.startsWith(".")) return source.messages.get(type.slice(1));
  return source.messages.get(`${packageOf(from)}.${type}`);
}

/** A message whose only field is `items`: a named list type of Go. */
function wrapperOf(source: Source, name: string, field: ProtoField): ProtoMessage | undefined {
  const message = resolve(source, protoNameOf(name), field.type);
  const names = Object.keys(message?.fields ?? {});
  return names.length === 1 && names[0] === "items" && message?.fields.items?.rule === "repeated" ? message : undefined;
}

function isWrapped(source: Source, field: ProtoField, schema: Schema): boolean {
  const list = schema.type === "array" ? schema : schema.additionalProperties;
  if (list?.type !== "array" || field.rule === "repeated") return false;
  const message = [...source.messages.values()].find((m) => m.name.endsWith(`.${field.type.replace(/^\./, "")}`));
  return message !== undefined && Object.keys(message.fields).join() === "items";
}

const scalarLetters: Readonly<Record<string, string>> = {
  string: "s",
  bool: "b",
  int32: "i",
  int64: "l",
  double: "n",
  bytes: "y",
};

function protoType(
  source: Source,
  message: ProtoMessage,
  field: ProtoField,
  wrapper: ProtoMessage | undefined,
): string {
  if (wrapper) return `${field.keyType ? "{" : ""}[${scalarLetters[wrapper.fields.items?.type ?? ""] ?? "s"}`;
  const item = scalarLetters[field.type] ?? messageType(source, message, field.type);
  if (field.keyType !== undefined) return `{${item}`;
  return field.rule === "repeated" ? `[${item}` : item;
}

function messageType(source: Source, from: ProtoMessage, type: string): string {
  const message = resolve(source, from.name, type);
  if (message === undefined) throw new Error(`${from.name}: no message ${type}`);
  return reference(packageOf(definitionOfProto(from.name)), definitionOfProto(message.name));
}

function reference(fromPackage: string, definition: string): string {
  const leaf = leafDefinitions[definition];
  if (leaf !== undefined) return leaf;
  if (packageOf(definition) === fromPackage) return `.${typeOf(definition)}`;
  return `@${definition}`;
}

function compactType(source: Source, pkg: string, schema: Schema, field: string): string {
  if (schema.$ref !== undefined) return reference(pkg, schema.$ref.slice("#/definitions/".length));
  switch (schema.type) {
    case "array":
      return `[${compactType(source, pkg, schema.items ?? {}, field)}`;
    case "object":
      if (schema.additionalProperties === undefined) throw new Error(`${pkg}: object without properties in ${field}`);
      return `{${compactType(source, pkg, schema.additionalProperties, field)}`;
    case "integer":
      return schema.format === "int64" ? "l" : "i";
    case "number":
      return "n";
    case "boolean":
      return "b";
    case "string":
      return schema.format === "byte" ? "y" : "s";
    default:
      throw new Error(`${pkg}: type ${schema.type} of ${field}`);
  }
}

function compactField(type: string, id: number, attributes: FieldAttributes): CompactField {
  return Object.keys(attributes).length === 0 ? [type, id] : [type, id, attributes];
}

function fieldAttributes(
  source: Source,
  definition: string,
  owner: Definition,
  field: string,
  schema: Schema,
): FieldAttributes {
  const attributes: FieldAttributes = {};
  const required = owner.required?.includes(field) ?? false;
  if (required) attributes.r = 1;
  const hasPointer = listed(requiredPointers, definition, field);
  const isOmitted = hasPointer || listed(requiredOmitted, definition, field);
  if ((required && !isOmitted) || field === "metadata" || listed(alwaysWritten, definition, field)) attributes.w = 1;
  else if (!hasPointer && isPlainScalar(definition, field, schema)) attributes.z = 1;
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "map") attributes.l = "m";
  if (listType === "set") attributes.l = "s";
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys) {
    attributes.k = keys;
    const defaults = Object.entries(mapKeyDefaults).filter(
      ([key]) => keys.includes(key) && !isRequired(source, schema, key),
    );
    if (defaults.length > 0) attributes.d = Object.fromEntries(defaults);
  }
  if (schema["x-kubernetes-map-type"] === "atomic") attributes.a = 1;
  if (schema["x-kubernetes-patch-strategy"] !== undefined) attributes.ps = schema["x-kubernetes-patch-strategy"];
  if (schema["x-kubernetes-patch-merge-key"] !== undefined) attributes.pk = schema["x-kubernetes-patch-merge-key"];
  return attributes;
}

function isRequired(source: { openApi: OpenApi }, list: Schema, key: string): boolean {
  const item = source.openApi.definitions[list.items?.$ref?.slice("#/definitions/".length) ?? ""];
  return item?.required?.includes(key) ?? false;
}

function isPlainScalar(definition: string, field: string, schema: Schema): boolean {
  switch (schema.type) {
    case "string":
      return !listed(pointerStrings, definition, field);
    case "boolean":
      if (field === "readOnly") return !pointerReadOnly.has(typeOf(definition));
      return listed(plainBooleans, definition, field);
    case "integer":
      if (listed(pointerIntegers, definition, field)) return false;
      return field === "observedGeneration" || field === "minReadySeconds" || listed(plainIntegers, definition, field);
    default:
      return false;
  }
}

function listed(facts: Readonly<Record<string, string>>, definition: string, field: string): boolean {
  const [type = "", version = "", group = ""] = definition.split(".").reverse();
  const names = facts[`${group}.${version}.${type}`] ?? facts[type];
  return names?.split(" ").includes(field) ?? false;
}

function sortKeys<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
