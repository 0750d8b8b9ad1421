import { ruleBase } from "./environment.ts";
import { type Environment, library } from "./library.ts";
import { toCel } from "./values.ts";

/** What of a schema its rules need: the fields of an OpenAPI v3 schema by their names. */
export interface RuleSchema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, RuleSchema>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly SchemaRule[];
}

export interface SchemaRule {
  readonly rule?: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** The type of a node's values, and how values become such. */
export interface NodeType {
  readonly name: string;
  convert(value: unknown): unknown;
}

const reserved: ReadonlySet<string> = new Set(
  (
    "true false null in as break const continue else for function if import let loop package namespace return var " +
    "void while"
  ).split(" "),
);

/** How expressions write a property's name; undefined for what they cannot. */
export function escapedName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_][\w./-]*$/.test(name)) return undefined;
  return name
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
}

export function schemaIn(value: unknown): RuleSchema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as RuleSchema) : undefined;
}

/** The types of one schema: those of objects are registered in an environment of its own. */
export class SchemaTypes {
  readonly environment: Environment = ruleBase().clone();
  readonly #wholeMetadata: boolean;
  readonly #types = new Map<RuleSchema, NodeType>();
  #count = 0;

  /** @param options wholeMetadata: whether all of an object's metadata is seen, rather than the names alone */
  constructor(options: { readonly wholeMetadata?: boolean } = {}) {
    this.#wholeMetadata = options.wholeMetadata ?? false;
  }

  typeOf(schema: RuleSchema, isResource: boolean): NodeType {
    const known = this.#types.get(schema);
    if (known !== undefined) return known;
    const made = this.#make(schema, isResource || schema["x-kubernetes-embedded-resource"] === true);
    this.#types.set(schema, made);
    return made;
  }

  #make(schema: RuleSchema, isResource: boolean): NodeType {
    if (schema["x-kubernetes-int-or-string"]) return dyn;
    switch (schema.type) {
      case "object":
        return this.#makeObject(schema, isResource);
      case "array": {
        const items = schemaIn(schema.items);
        const type = items === undefined ? dyn : this.typeOf(items, false);
        return {
          name: `list<${type.name}>`,
          convert: (value) => (Array.isArray(value) ? value.map(type.convert) : toCel(value)),
        };
      }
      case "string":
        return stringType(schema.format);
      case "integer":
        return { name: "int", convert: toCel };
      case "number":
        return { name: "double", convert: (value) => value };
      case "boolean":
        return { name: "bool", convert: toCel };
      default:
        return dyn;
    }
  }

  #makeObject(schema: RuleSchema, isResource: boolean): NodeType {
    const values = schemaIn(schema.additionalProperties);
    if (values !== undefined) {
      const type = this.typeOf(values, false);
      return {
        name: `map<string, ${type.name}>`,
        convert: (value) =>
          new Map(membersOf(value).map(([key, member]): [string, unknown] => [key, type.convert(member)])),
      };
    }
    if (schema.properties === undefined && !isResource) return dyn;
    const properties = new Map<string, { key: string; type: NodeType }>();
    for (const [key, property] of Object.entries({ ...(isResource && resourceProperties), ...schema.properties })) {
      const name = escapedName(key);
      const isNarrowed = isResource && key === "metadata" && !(this.#wholeMetadata && property.properties);
      const known = isNarrowed ? metadataSchema : property;
      if (name !== undefined) properties.set(name, { key, type: this.typeOf(known, false) });
    }
    return this.#register(properties);
  }

  #register(properties: ReadonlyMap<string, { key: string; type: NodeType }>): NodeType {
    const name = `object.t${this.#count++}`;
    class ObjectValue {}
    const fields = Object.fromEntries([...properties].map(([field, { type }]) => [field, type.name]));
    try {
      this.environment.registerType(name, { ctor: ObjectValue, fields });
      this.environment.registerOperator(`${name} == ${name}`, equalMembers);
    } catch {
      return dyn; // names that the library does not take are looked at when the rules run
    }
    return {
      name,
      convert(value) {
        const object = new ObjectValue();
        const members = new Map(membersOf(value));
        for (const [field, { key, type }] of properties) {
          const member = members.get(key);
          if (member === undefined || member === null) continue;
          Object.defineProperty(object, field, { value: type.convert(member), enumerable: true });
        }
        return object;
      },
    };
  }
}

const dyn: NodeType = { name: "dyn", convert: toCel };

const resourceProperties: Readonly<Record<string, RuleSchema>> = {
  apiVersion: { type: "string" },
  kind: { type: "string" },
  metadata: { type: "object" },
};

/** All that rules may look at of an object's metadata. */
const metadataSchema: RuleSchema = {
  type: "object",
  properties: { name: { type: "string" }, generateName: { type: "string" } },
};

function stringType(format: string | undefined): NodeType {
  switch (format) {
    case "byte":
      return { name: "bytes", convert: (value) => new Uint8Array(Buffer.from(String(value), "base64")) };
    case "date":
    case "date-time":
    case "datetime":
      return { name: "google.protobuf.Timestamp", convert: (value) => new Date(Date.parse(String(value))) };
    case "duration":
      return { name: "google.protobuf.Duration", convert: durationValue };
    default:
      return { name: "string", convert: toCel };
  }
}

let durations: Environment | undefined;

function durationValue(value: unknown): unknown {
  durations ??= new (library().Environment)().registerVariable("text", "string");
  return durations.evaluate("duration(text)", { text: String(value) });
}

function membersOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function equalMembers(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  const left = a instanceof Map ? a : new Map(Object.entries(a));
  const right = b instanceof Map ? b : new Map(Object.entries(b));
  if (left.size !== right.size) return false;
  for (const [key, member] of left) if (!right.has(key) || !equalMembers(member, right.get(key))) return false;
  return true;
}
