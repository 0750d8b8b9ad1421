import { formatTime, type JsonObject, type JsonValue } from "../../meta/index.ts";
import type { AnyShape, ListShape, ObjectShape, Scalar, Shape } from "../../schema/index.ts";
import { parseJson } from "../json.ts";
import { MalformedDocument, maxDepth, tooDeep } from "../parsed.ts";
import { jsonSchema } from "./encode.ts";
import { layoutOf, type Slot } from "./layout.ts";
import { Reader } from "./reader.ts";

/** Puts what the wire has for a field into the object; `depth` bounds messages that hold themselves. */
type Read = (reader: Reader, into: JsonObject, wireType: number, depth: number) => void;

/** Decodes a message as the plain JSON of what is on the wire; decodeObject makes it the object that Go would hold. */
export function decodeMessage(bytes: Uint8Array, shape: ObjectShape): JsonObject {
  const object: JsonObject = {};
  readMessage(new Reader(bytes), object, shape, 0);
  return object;
}

const decoders = new WeakMap<ObjectShape, ReadonlyMap<number, Read>>();

function readMessage(reader: Reader, into: JsonObject, shape: ObjectShape, depth: number): void {
  if (depth > maxDepth) throw new MalformedDocument(tooDeep);
  let fields = decoders.get(shape);
  if (fields === undefined) {
    fields = compileSlots(layoutOf(shape));
    decoders.set(shape, fields);
  }
  readFields(reader, into, fields, depth);
}

function readFields(reader: Reader, into: JsonObject, fields: ReadonlyMap<number, Read>, depth: number): void {
  while (!reader.done) {
    const tag = reader.varint();
    const wireType = tag % 8;
    const field = fields.get((tag - wireType) / 8);
    if (field === undefined) reader.skip(wireType);
    else field(reader, into, wireType, depth);
  }
}

function compileSlots(slots: readonly Slot[]): Map<number, Read> {
  const fields = new Map<number, Read>();
  for (const slot of slots) {
    if ("slots" in slot) {
      const inner = compileSlots(slot.slots);
      fields.set(slot.id, (reader, into, wireType, depth) => {
        expectWire(wireType, 2);
        readFields(reader.message(), into, inner, depth + 1);
      });
    } else fields.set(slot.id, compileField(slot.field.name, slot.field.shape));
  }
  return fields;
}

function compileField(name: string, shape: Shape): Read {
  if (shape.kind === "list" && !shape.protoWrapped) return compileRepeated(name, shape);
  if (shape.kind === "map") {
    const value = compileValue(shape.values);
    return (reader, into, wireType, depth) => {
      expectWire(wireType, 2);
      into[name] ??= {};
      readEntry(reader.message(), into[name] as JsonObject, value, depth + 1);
    };
  }
  const read = compileValue(shape);
  return (reader, into, wireType, depth) => {
    const value = read(reader, wireType, depth);
    if (value !== undefined) into[name] = value;
  };
}

function compileRepeated(name: string, shape: ListShape): Read {
  const read = compileValue(shape.items);
  const isNumber = shape.items.kind === "scalar" && wireOf(shape.items.scalar) !== 2;
  return (reader, into, wireType, depth) => {
    into[name] ??= [];
    const list = into[name] as JsonValue[];
    if (isNumber && wireType === 2) {
      // Packed: Kubernetes does not write it, but protobuf allows it.
      const packed = reader.message();
      while (!packed.done) list.push(read(packed, 0, depth) ?? 0);
    } else list.push(read(reader, wireType, depth) ?? null);
  };
}

type ReadValue = (reader: Reader, wireType: number, depth: number) => JsonValue | undefined;

function readEntry(entry: Reader, map: JsonObject, value: ReadValue, depth: number): void {
  let key = "";
  let item: JsonValue | undefined;
  while (!entry.done) {
    const tag = entry.varint();
    if (tag >> 3 === 1) key = entry.string();
    else if (tag >> 3 === 2) item = value(entry, tag % 8, depth);
    else entry.skip(tag % 8);
  }
  // Not by assignment: a key may be __proto__.
  Object.defineProperty(map, key, { value: item ?? null, writable: true, enumerable: true, configurable: true });
}

function compileValue(shape: Shape): ReadValue {
  switch (shape.kind) {
    case "object":
      return (reader, wireType, depth) => {
        expectWire(wireType, 2);
        const object: JsonObject = {};
        readMessage(reader.message(), object, shape, depth + 1);
        return object;
      };
    case "list": {
      const items = compileRepeated("items", shape);
      return (reader, wireType, depth) => {
        expectWire(wireType, 2);
        const wrapper: JsonObject = { items: [] };
        readFields(reader.message(), wrapper, new Map([[1, items]]), depth + 1);
        return wrapper.items;
      };
    }
    case "map":
      throw new Error("protobuf has no maps in lists or maps");
    case "scalar":
      return compileScalar(shape.scalar);
    case "any":
      return compileAny(shape);
  }
}

function compileScalar(scalar: Scalar): ReadValue {
  const read = scalarReaders[scalar];
  const wire = wireOf(scalar);
  return (reader, wireType) => {
    expectWire(wireType, wire);
    return read(reader);
  };
}

function wireOf(scalar: Scalar): number {
  if (scalar === "boolean" || scalar === "int32" || scalar === "int64") return 0;
  return scalar === "number" ? 1 : 2;
}

const scalarReaders: Readonly<Record<Scalar, (reader: Reader) => JsonValue | undefined>> = {
  string: (reader) => reader.string(),
  boolean: (reader) => reader.varint() !== 0,
  int32: (reader) => reader.integer() | 0,
  int64: (reader) => reader.integer(),
  number: (reader) => reader.double(),
  bytes: (reader) => reader.bytes().toString("base64"),
  quantity: (reader) => {
    const text = numbered(reader.message(), { 1: "string" })[1] as string | undefined;
    return text === undefined || text === "" ? "0" : text;
  },
  intOrString: (reader) => {
    const {
      1: type = 0,
      2: number = 0,
      3: text = "",
    } = numbered(reader.message(), { 1: "int", 2: "int", 3: "string" });
    return type === 1 ? text : number;
  },
  time: (reader) => readTime(reader, false),
  microTime: (reader) => readTime(reader, true),
  duration: (reader) => reader.string(),
};

/** Reads a small message of numbers and strings by field number. */
function numbered(
  reader: Reader,
  types: Readonly<Record<number, "int" | "string">>,
): Partial<Record<number, number | string>> {
  const values: Partial<Record<number, number | string>> = {};
  while (!reader.done) {
    const tag = reader.varint();
    const id = tag >> 3;
    const type = types[id];
    if (type === "int" && tag % 8 === 0) values[id] = reader.integer();
    else if (type === "string" && tag % 8 === 2) values[id] = reader.string();
    else reader.skip(tag % 8);
  }
  return values;
}

/** RFC 3339 can write the years 0 to 9999. */
const minSeconds = -62_167_219_200;
const maxSeconds = 253_402_300_799;

function readTime(reader: Reader, micro: boolean): JsonValue | undefined {
  const message = reader.message();
  if (message.done) return undefined; // the zero time
  const { 1: seconds = 0, 2: nanos = 0 } = numbered(message, { 1: "int", 2: "int" });
  const whole = Number(seconds);
  if (whole < minSeconds || whole > maxSeconds) throw new MalformedDocument("proto: time out of range");
  const text = formatTime(whole * 1000);
  if (!micro) return text;
  const micros = Math.floor(Number(nanos) / 1000);
  return `${text.slice(0, -1)}.${String(micros).padStart(6, "0")}Z`;
}

function compileAny(shape: AnyShape): ReadValue {
  switch (shape.form) {
    case "schemaOrArray":
      return unionReader("schemas", listOrSchema);
    case "schemaOrBool":
      return unionReader("bool", (parts) => parts.schema ?? parts.allows);
    case "schemaOrStrings":
      return unionReader("strings", listOrSchema);
    default:
      return (reader, wireType) => {
        expectWire(wireType, 2);
        const message = reader.message();
        let value: JsonValue | undefined;
        while (!message.done) {
          const tag = message.varint();
          if (tag === 10) value = readRaw(message.bytes());
          else message.skip(tag % 8);
        }
        return value;
      };
  }
}

function readRaw(raw: Buffer): JsonValue | undefined {
  if (raw.length === 0) return undefined;
  try {
    return parseJson(raw, { findDuplicates: false }).value;
  } catch {
    throw new MalformedDocument("proto: an embedded object is no JSON");
  }
}

interface UnionParts {
  schema: JsonValue | undefined;
  readonly list: JsonValue[];
  allows: boolean;
}

function listOrSchema({ list, schema }: UnionParts): JsonValue | undefined {
  return schema ?? list;
}

/** The three unions of JSONSchemaProps: schema 1 and schemas 2, or allows 1 and schema 2, or schema 1 and strings 2. */
function unionReader(
  other: "schemas" | "bool" | "strings",
  pick: (parts: UnionParts) => JsonValue | undefined,
): ReadValue {
  const schema = compileValueLate();
  const schemaId = other === "bool" ? 2 : 1;
  return (reader, wireType, depth) => {
    expectWire(wireType, 2);
    const message = reader.message();
    const parts: UnionParts = { schema: undefined, list: [], allows: false };
    while (!message.done) {
      const tag = message.varint();
      const id = tag >> 3;
      if (id === schemaId) parts.schema = schema(message, tag % 8, depth);
      else if (id === 1 && other === "bool") parts.allows = message.varint() !== 0;
      else if (id === 2 && other === "schemas") parts.list.push(schema(message, tag % 8, depth) ?? {});
      else if (id === 2 && other === "strings") parts.list.push(message.string());
      else message.skip(tag % 8);
    }
    return pick(parts);
  };
}

function compileValueLate(): ReadValue {
  let read: ReadValue | undefined;
  return (reader, wireType, depth) => {
    read ??= compileValue(jsonSchema());
    return read(reader, wireType, depth);
  };
}

function expectWire(actual: number, expected: number): void {
  if (actual !== expected) throw new MalformedDocument(`proto: wrong wireType = ${actual}`);
}
