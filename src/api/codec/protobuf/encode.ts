import type { JsonObject, JsonValue } from "../../meta/index.ts";
import type { AnyShape, ListShape, MapShape, ObjectShape, Scalar, Shape } from "../../schema/index.ts";
import { shapeByName } from "../../schema/index.ts";
import { layoutOf, type Slot } from "./layout.ts";
import { BackwardWriter } from "./writer.ts";

/** Writes one value of a field, with its tag. */
type Write = (writer: BackwardWriter, id: number, value: JsonValue) => void;

/** Encodes an object as its message, without the envelope. */
export function encodeMessage(object: JsonObject, shape: ObjectShape): Uint8Array {
  const writer = new BackwardWriter();
  encoderOf(shape)(writer, object);
  return writer.finish();
}

type WriteMessage = (writer: BackwardWriter, object: JsonObject) => void;

const encoders = new WeakMap<ObjectShape, WriteMessage>();

function encoderOf(shape: ObjectShape): WriteMessage {
  let encoder = encoders.get(shape);
  if (encoder === undefined) {
    let slots: WriteMessage[] | undefined; // built when first used: messages may hold themselves
    encoder = (writer, object) => {
      slots ??= compileSlots(layoutOf(shape));
      for (const slot of slots) slot(writer, object);
    };
    encoders.set(shape, encoder);
  }
  return encoder;
}

/** The writer goes backwards, so the highest number comes first. */
function compileSlots(slots: readonly Slot[]): WriteMessage[] {
  return [...slots].reverse().map((slot) => {
    const { id } = slot;
    if ("slots" in slot) {
      const inner = compileSlots(slot.slots);
      return (writer: BackwardWriter, object: JsonObject) => {
        const mark = writer.length;
        for (const write of inner) write(writer, object);
        writer.message(id, mark);
      };
    }
    const { name, shape } = slot.field;
    const write = compile(shape);
    const zero = slot.always ? zeroOf(shape) : undefined;
    return (writer: BackwardWriter, object: JsonObject) => {
      const value = object[name] ?? zero;
      if (value !== undefined) write(writer, id, value);
    };
  });
}

function zeroOf(shape: Shape): JsonValue {
  if (shape.kind !== "scalar") return {};
  switch (shape.scalar) {
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "number":
    case "intOrString":
      return 0;
    default:
      return "";
  }
}

function compile(shape: Shape): Write {
  switch (shape.kind) {
    case "object":
      return (writer, id, value) => {
        const mark = writer.length;
        encoderOf(shape)(writer, value as JsonObject);
        writer.message(id, mark);
      };
    case "list":
      return shape.protoWrapped ? compileWrapped(shape) : compileRepeated(shape);
    case "map":
      return compileMap(shape);
    case "scalar":
      return scalarWriters[shape.scalar];
    case "any":
      return compileAny(shape);
  }
}

function compileRepeated(shape: ListShape): Write {
  const item = compile(shape.items);
  const empty = shape.items.kind === "any" ? null : zeroOf(shape.items);
  return (writer, id, value) => {
    const list = value as JsonValue[];
    for (let i = list.length - 1; i >= 0; i--) item(writer, id, list[i] ?? empty);
  };
}

function compileWrapped(shape: ListShape): Write {
  const repeated = compileRepeated(shape);
  return (writer, id, value) => {
    const mark = writer.length;
    repeated(writer, 1, value);
    writer.message(id, mark);
  };
}

function compileMap(shape: MapShape): Write {
  const item = compile(shape.values);
  const empty = shape.values.kind === "list" ? [] : zeroOf(shape.values);
  return (writer, id, value) => {
    const map = value as JsonObject;
    const keys = Object.keys(map).sort(byCodePoint);
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i] ?? "";
      const mark = writer.length;
      item(writer, 2, map[key] ?? empty);
      writer.string(1, key);
      writer.message(id, mark);
    }
  };
}

/** Go sorts by bytes of UTF-8, which is the order of code points; plain comparison is by UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  if (a === b) return 0;
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return (a.codePointAt(i) ?? x) - (b.codePointAt(i) ?? y) || x - y;
  }
  return a.length - b.length;
}

const scalarWriters: Readonly<Record<Scalar, Write>> = {
  string: (writer, id, value) => writer.string(id, value as string),
  boolean: (writer, id, value) => writer.bool(id, value as boolean),
  int32: (writer, id, value) => writer.integer(id, value as number),
  int64: (writer, id, value) => writer.integer(id, value as number),
  number: (writer, id, value) => writer.double(id, value as number),
  bytes: (writer, id, value) => writer.lengthDelimited(id, Buffer.from(value as string, "base64")),
  quantity: (writer, id, value) => {
    const mark = writer.length;
    writer.string(1, String(value));
    writer.message(id, mark);
  },
  intOrString: (writer, id, value) => {
    const mark = writer.length;
    writer.string(3, typeof value === "string" ? value : "");
    writer.integer(2, typeof value === "number" ? value : 0);
    writer.integer(1, typeof value === "string" ? 1 : 0);
    writer.message(id, mark);
  },
  time: writeTime,
  microTime: writeTime,
  duration: (writer, id, value) => writer.string(id, value as string),
};

/** The zero time is an empty message. */
function writeTime(writer: BackwardWriter, id: number, value: JsonValue): void {
  const mark = writer.length;
  if (value !== "") {
    const text = value as string;
    const ms = Date.parse(text);
    const fraction = /\.(\d{1,9})/.exec(text)?.[1];
    writer.integer(2, fraction === undefined ? 0 : Number(fraction.padEnd(9, "0")));
    writer.integer(1, Math.floor(ms / 1000));
  }
  writer.message(id, mark);
}

function compileAny(shape: AnyShape): Write {
  switch (shape.form) {
    case "schemaOrArray":
      return unionWriter((writer, value) => {
        const write = compileRepeated({ kind: "list", items: jsonSchema(), listType: "atomic" });
        if (Array.isArray(value)) write(writer, 2, value);
        else compile(jsonSchema())(writer, 1, value);
      });
    case "schemaOrBool":
      return unionWriter((writer, value) => {
        if (typeof value !== "boolean") compile(jsonSchema())(writer, 2, value);
        writer.bool(1, typeof value === "boolean" ? value : true);
      });
    case "schemaOrStrings":
      return unionWriter((writer, value) => {
        const strings: ListShape = { kind: "list", items: { kind: "scalar", scalar: "string" }, listType: "atomic" };
        if (Array.isArray(value)) compileRepeated(strings)(writer, 2, value);
        else compile(jsonSchema())(writer, 1, value);
      });
    default:
      return unionWriter((writer, value) => {
        if (value !== null) writer.string(1, JSON.stringify(value)); // Go holds null as no bytes at all
      });
  }
}

function unionWriter(content: (writer: BackwardWriter, value: JsonValue) => void): Write {
  return (writer, id, value) => {
    const mark = writer.length;
    content(writer, value);
    writer.message(id, mark);
  };
}

export function jsonSchema(): ObjectShape {
  const name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
  const shape = shapeByName(name);
  if (shape === undefined) throw new Error(`no definition ${name}`);
  return shape;
}
