import { limits } from "../limits.ts";
import { escapedName, type RuleSchema, schemaIn } from "../schema-types.ts";
import type { Sizes } from "./estimate.ts";

/** How large values of a schema can be in a request, and how many of them fit into one. */

interface SizedType {
  /** Elements of a list, entries of a map, bytes of a text; 0 for what has no size of its own. */
  readonly elementsMax: number;
  /** Bytes of its JSON. */
  readonly bytesMin: number;
  readonly elements?: SizedType;
  readonly fields?: ReadonlyMap<string, SizedType>;
}

/** What bounds values beside their types. */
type BoundedSchema = RuleSchema & {
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly maxLength?: number;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly default?: unknown;
};

const stringBytesMin = 2;
const textBytesMax = limits.requestBytes - 2;
const simple: SizedType = { elementsMax: 0, bytesMin: 1 };
const key: SizedType = { elementsMax: 0, bytesMin: stringBytesMin };
/** By format: bytes of the shortest and the longest JSON. */
const formatBytes: Readonly<Record<string, readonly [number, number]>> = {
  duration: [3, 32],
  date: [12, 12],
  "date-time": [21, 32],
};
const bytesOfCharacterMax = 4;

/** Sizes by the way from a rule's `self` or `oldSelf`, which are values of the schema. */
export function schemaSizes(schema: RuleSchema, isResource: boolean): Sizes {
  const root = sizedType(schema, isResource);
  return ([, ...path]) => {
    let type = root;
    for (const step of path) {
      if (step === "@keys" && type?.elements !== undefined) type = key;
      else if (step === "@items" || step === "@values") type = type?.elements;
      else type = type?.fields?.get(step);
    }
    return type?.elementsMax;
  };
}

/** How often a value of the schema fits into one request. */
export function cardinality(schema: RuleSchema, isResource: boolean): number {
  const { bytesMin } = sizedType(schema, isResource) ?? simple;
  return Math.floor(limits.requestBytes / (bytesMin + 1));
}

/** How many values a schema's list or map may hold by its own bounds; undefined without such. */
export function ownBound(schema: RuleSchema): number | undefined {
  const { maxItems, maxProperties, type } = schema as BoundedSchema;
  const bound = type === "array" ? maxItems : maxProperties;
  return bound === undefined ? undefined : Math.max(0, bound);
}

function sizedType(schema: RuleSchema, isResource: boolean): SizedType | undefined {
  const { type, format, maxLength, enum: values } = schema as BoundedSchema;
  if (schema["x-kubernetes-int-or-string"]) return { elementsMax: textBytesMax, bytesMin: 1 };
  if (isResource) return objectType(withMetadata(schema));
  switch (type) {
    case "array":
      return arrayType(schema);
    case "object":
      return objectType(schema);
    case "boolean":
      return { elementsMax: 0, bytesMin: 4 };
    case "number":
    case "integer":
      return simple;
    case "string": {
      const known = formatBytes[format ?? ""];
      if (known !== undefined) return { elementsMax: known[1], bytesMin: known[0] };
      if (maxLength !== undefined) {
        const perCharacter = format === "byte" ? 1 : bytesOfCharacterMax;
        return { elementsMax: Math.max(0, maxLength) * perCharacter, bytesMin: stringBytesMin };
      }
      const longest = Math.max(0, ...(values ?? []).map((value) => Buffer.byteLength(String(value))));
      return { elementsMax: values?.length ? longest : textBytesMax, bytesMin: stringBytesMin };
    }
    default:
      return undefined;
  }
}

function arrayType(schema: RuleSchema): SizedType | undefined {
  const items = schemaIn(schema.items);
  const elements = items && sizedType(items, items["x-kubernetes-embedded-resource"] === true);
  if (elements === undefined) return undefined;
  const fitting = Math.floor(textBytesMax / (elements.bytesMin + 1));
  return { elementsMax: ownBound(schema) ?? fitting, bytesMin: 2, elements };
}

function objectType(schema: RuleSchema): SizedType | undefined {
  const values = schemaIn(schema.additionalProperties);
  if (values !== undefined) {
    const elements = sizedType(values, values["x-kubernetes-embedded-resource"] === true);
    if (elements === undefined) return undefined;
    const fitting = Math.floor(textBytesMax / (elements.bytesMin + 6));
    return { elementsMax: ownBound(schema) ?? fitting, bytesMin: 2, elements };
  }
  const { required = [] } = schema as BoundedSchema;
  const fields = new Map<string, SizedType>();
  let bytesMin = 2;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const type = sizedType(property, property["x-kubernetes-embedded-resource"] === true);
    if (type === undefined) continue;
    const escaped = escapedName(name);
    if (escaped !== undefined) fields.set(escaped, type);
    const isDefaulted = (property as BoundedSchema).default !== undefined;
    if (required.includes(name) && !isDefaulted) bytesMin += name.length + type.bytesMin + 4;
  }
  return { elementsMax: 0, bytesMin, fields };
}

/** Of a whole object, rules always see the names. */
function withMetadata(schema: RuleSchema): RuleSchema {
  const text: RuleSchema = { type: "string" };
  const metadata: RuleSchema = { type: "object", properties: { name: text, generateName: text } };
  return { ...schema, type: "object", properties: { ...schema.properties, kind: text, apiVersion: text, metadata } };
}
