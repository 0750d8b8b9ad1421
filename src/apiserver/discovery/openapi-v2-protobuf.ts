import type { JsonObject, JsonValue } from "../../api/meta/index.ts";

/**
 * The OpenAPI v2 document in its published protobuf form (package `openapi.v2`), which kubectl and client-go ask for.
 * A message is a table from the names in JSON to field numbers and types; what no table names is left out, and
 * everything that begins with `x-` goes into the message's field for vendor extensions.
 */
export function encodeOpenApiV2(document: JsonObject): Buffer {
  return message("document", document);
}

type Encoder = (value: JsonValue) => Buffer;
type Field = readonly [number: number, encode: Encoder, wireType?: number];

interface Message {
  readonly fields: Readonly<Record<string, Field>>;
  /** The number of the field for vendor extensions. */
  readonly extensions?: number;
}

const bytesWire = 2;
const varintWire = 0;
const doubleWire = 1;

const text: Encoder = (value) => Buffer.from(String(value));
const flag: Encoder = (value) => varint(value === true ? 1 : 0);
const integer: Encoder = (value) => varint(Number(value));
const real: Encoder = (value) => {
  const out = Buffer.allocUnsafe(8);
  out.writeDoubleLE(Number(value));
  return out;
};
/** Any JSON, as YAML: JSON is YAML too. */
const anyValue: Encoder = (value) => field(2, text(JSON.stringify(value)));

/** A message with one field that holds the value. */
function within(number: number, encode: Encoder): Encoder {
  return (value) => field(number, encode(value));
}

/** A map, as a list of pairs of name and value. */
function named(number: number, encode: Encoder): Encoder {
  return (value) => {
    const pairs: Buffer[] = [];
    for (const [name, one] of Object.entries(objectOf(value))) {
      pairs.push(field(number, Buffer.concat([field(1, text(name)), field(2, encode(one))])));
    }
    return Buffer.concat(pairs);
  };
}

const schema: Encoder = (value) => message("schema", objectOf(value));
const operation: Encoder = (value) => message("operation", objectOf(value));
const info: Encoder = (value) => message("info", objectOf(value));
const pathItem: Encoder = (value) => message("pathItem", objectOf(value));

const parameter: Encoder = (value) => {
  const fields = objectOf(value);
  if (typeof fields.$ref === "string") return field(2, field(1, text(fields.$ref)));
  return field(1, sharedParameter(value));
};

const sharedParameter: Encoder = (value) => {
  const fields = objectOf(value);
  if (fields.in === "body") return field(1, message("bodyParameter", fields));
  const isQuery = fields.in === "query";
  const own = message(isQuery ? "queryParameter" : "pathParameter", fields);
  return field(2, field(isQuery ? 3 : 4, own));
};

const response: Encoder = (value) => field(1, message("response", objectOf(value)));
const listed: Encoder = (value) => Buffer.concat(listOf(value).map((one) => field(1, text(one))));
const apiKey: Encoder = (value) => field(2, message("apiKey", objectOf(value)));
const schemaOrFlag: Encoder = (value) =>
  typeof value === "boolean" ? Buffer.concat([varint(2 * 8 + varintWire), flag(value)]) : field(1, schema(value));
const schemas: Encoder = (value) => Buffer.concat(listOf(value).map((one) => field(1, schema(one))));

const messages = {
  document: {
    fields: {
      swagger: [1, text],
      info: [2, info],
      paths: [8, named(2, pathItem)],
      definitions: [9, named(1, schema)],
      parameters: [10, named(1, sharedParameter)],
      security: [12, named(1, listed)],
      securityDefinitions: [13, named(1, apiKey)],
    },
    extensions: 16,
  },
  info: { fields: { title: [1, text], version: [2, text], description: [3, text] }, extensions: 7 },
  pathItem: {
    fields: {
      $ref: [1, text],
      get: [2, operation],
      put: [3, operation],
      post: [4, operation],
      delete: [5, operation],
      options: [6, operation],
      head: [7, operation],
      patch: [8, operation],
      parameters: [9, parameter],
    },
    extensions: 10,
  },
  operation: {
    fields: {
      tags: [1, text],
      summary: [2, text],
      description: [3, text],
      operationId: [5, text],
      produces: [6, text],
      consumes: [7, text],
      parameters: [8, parameter],
      responses: [9, named(1, response)],
      schemes: [10, text],
      deprecated: [11, flag, varintWire],
    },
    extensions: 13,
  },
  bodyParameter: {
    fields: {
      description: [1, text],
      name: [2, text],
      in: [3, text],
      required: [4, flag, varintWire],
      schema: [5, schema],
    },
    extensions: 6,
  },
  queryParameter: {
    fields: {
      required: [1, flag, varintWire],
      in: [2, text],
      description: [3, text],
      name: [4, text],
      allowEmptyValue: [5, flag, varintWire],
      type: [6, text],
      format: [7, text],
      default: [10, anyValue],
      uniqueItems: [20, flag, varintWire],
    },
    extensions: 23,
  },
  pathParameter: {
    fields: {
      required: [1, flag, varintWire],
      in: [2, text],
      description: [3, text],
      name: [4, text],
      type: [5, text],
      format: [6, text],
      default: [9, anyValue],
      uniqueItems: [19, flag, varintWire],
    },
    extensions: 22,
  },
  response: { fields: { description: [1, text], schema: [2, within(1, schema)] }, extensions: 5 },
  apiKey: { fields: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] }, extensions: 5 },
  schema: {
    fields: {
      $ref: [1, text],
      format: [2, text],
      title: [3, text],
      description: [4, text],
      default: [5, anyValue],
      multipleOf: [6, real, doubleWire],
      maximum: [7, real, doubleWire],
      exclusiveMaximum: [8, flag, varintWire],
      minimum: [9, real, doubleWire],
      exclusiveMinimum: [10, flag, varintWire],
      maxLength: [11, integer, varintWire],
      minLength: [12, integer, varintWire],
      pattern: [13, text],
      maxItems: [14, integer, varintWire],
      minItems: [15, integer, varintWire],
      uniqueItems: [16, flag, varintWire],
      maxProperties: [17, integer, varintWire],
      minProperties: [18, integer, varintWire],
      required: [19, text],
      enum: [20, anyValue],
      additionalProperties: [21, schemaOrFlag],
      type: [22, within(1, text)],
      items: [23, schemas],
      allOf: [24, schema],
      properties: [25, named(1, schema)],
      example: [30, anyValue],
    },
    extensions: 31,
  },
} as const satisfies Record<string, Message>;

/** Fields whose lists are one value, not a repeated one. */
const wholeLists: ReadonlySet<Encoder> = new Set([schemas, anyValue]);

function message(name: keyof typeof messages, value: JsonObject): Buffer {
  const { fields, extensions }: Message = messages[name];
  const parts: Buffer[] = [];
  for (const [key, held] of Object.entries(value)) {
    const known = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (known !== undefined) parts.push(...fieldsOf(known, held, key));
    else if (extensions !== undefined && key.startsWith("x-")) parts.push(extension(extensions, key, held));
  }
  return Buffer.concat(parts);
}

function fieldsOf([number, encode, wireType = bytesWire]: Field, held: JsonValue, key: string): Buffer[] {
  const isRepeated = Array.isArray(held) && (key === "enum" || !wholeLists.has(encode));
  const values = isRepeated ? held : [held];
  return values.map((one) => {
    const bytes = encode(one);
    return wireType === bytesWire ? field(number, bytes) : Buffer.concat([varint(number * 8 + wireType), bytes]);
  });
}

function extension(number: number, name: string, value: JsonValue): Buffer {
  return field(number, Buffer.concat([field(1, text(name)), field(2, anyValue(value))]));
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + bytesWire), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let left = Math.max(0, Math.trunc(value));
  while (left >= 128) {
    out.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  out.push(left);
  return Buffer.from(out);
}

function objectOf(value: JsonValue): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function listOf(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [value];
}
