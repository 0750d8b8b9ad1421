import type { JsonObject, JsonValue } from "../meta/index.ts";
import { typeMismatch } from "./failure.ts";
import { rememberEmpty } from "./given-empty.ts";
import { structName } from "./go-names.ts";
import { scalarDecoders } from "./scalars.ts";
import type { AnyShape, FieldShape, ObjectShape, Shape } from "./shape.ts";
import { shapeByName } from "./shapes.ts";
import type { Trail } from "./trail.ts";

/** Checks a value in place and gives what to store: itself mostly; undefined leaves the field out. */
export type Decode = (value: JsonValue, trail: Trail) => JsonValue | undefined;

const compiled = new WeakMap<ObjectShape, Decode>();

/** The compiled decoder of a struct; built once, its parts when first met. */
export function decoderOf(shape: ObjectShape): Decode {
  let decode = compiled.get(shape);
  if (decode === undefined) {
    decode = compileObject(shape);
    compiled.set(shape, decode);
  }
  return decode;
}

function compile(shape: Shape): Decode {
  switch (shape.kind) {
    case "object": {
      let decode: Decode | undefined; // looked up late: definitions may be recursive
      return (value, trail) => {
        decode ??= decoderOf(shape);
        return decode(value, trail);
      };
    }
    case "list":
      return compileList(shape);
    case "map":
      return compileMap(shape);
    case "scalar":
      return scalarDecoders[shape.scalar];
    case "any":
      return compileAny(shape);
  }
}

interface CompiledField {
  readonly decode: Decode;
  /** The typeof of values that are stored as they are, without a look: most fields are strings or booleans. */
  readonly plain: "string" | "boolean" | undefined;
  readonly dropsEmpty: boolean;
  /** What null (or absence, where always written) means. */
  readonly filled: (() => JsonValue) | undefined;
}

function compileField(field: FieldShape): CompiledField {
  const { shape } = field;
  const isCollection = shape.kind === "list" || shape.kind === "map";
  return {
    decode: compile(shape),
    plain: plainType(shape),
    dropsEmpty: field.always ? false : isCollection || field.omitZero === true,
    filled: field.always ? emptyOf(shape) : undefined,
  };
}

function plainType(shape: Shape): "string" | "boolean" | undefined {
  if (shape.kind !== "scalar") return undefined;
  return shape.scalar === "string" || shape.scalar === "boolean" ? shape.scalar : undefined;
}

function compileObject(shape: ObjectShape): Decode {
  const name = structName(shape);
  let fields: Map<string, CompiledField> | undefined;
  let always: readonly (readonly [string, () => JsonValue])[] = [];
  const build = () => {
    const built = new Map<string, CompiledField>();
    for (const field of shape.fields.values()) built.set(field.name, compileField(field));
    always = [...built].flatMap(([key, field]) => (field.filled ? [[key, field.filled] as const] : []));
    fields = built;
    return built;
  };
  return (value, trail) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return typeMismatch(value, shape, trail);
    const known = fields ?? build();
    trail.enter(name);
    const left = decodeFields(value, known, trail);
    trail.leave();
    for (const [key, filled] of always) if (left[key] === undefined) left[key] = filled();
    return left;
  };
}

/** Gives the object itself, or a copy without what is dropped. */
function decodeFields(object: JsonObject, known: ReadonlyMap<string, CompiledField>, trail: Trail): JsonObject {
  let dropped: Set<string> | undefined;
  for (const key in object) {
    const field = known.get(key);
    if (field === undefined) {
      noteUnknown(key, trail);
      dropped = (dropped ?? new Set()).add(key);
      continue;
    }
    const value = object[key] as JsonValue;
    const stored = value === null ? undefined : decodeField(key, value, field, trail);
    if (stored === undefined) dropped = (dropped ?? new Set()).add(key);
    else if (stored !== value) object[key] = stored;
  }
  return dropped === undefined ? object : without(object, dropped);
}

function decodeField(key: string, value: JsonValue, field: CompiledField, trail: Trail): JsonValue | undefined {
  let stored: JsonValue | undefined = value;
  if (typeof value !== field.plain) {
    trail.push(key);
    stored = field.decode(value, trail);
    trail.pop();
  }
  return field.dropsEmpty && isEmpty(stored) ? undefined : stored;
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (typeof value !== "object" || value === null) return value === "" || value === 0 || value === false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function noteUnknown(key: string, trail: Trail): void {
  if (trail.unknown === undefined) return;
  trail.push(key);
  trail.unknown.push(trail.path());
  trail.pop();
}

function without(object: JsonObject, dropped: ReadonlySet<string>): JsonObject {
  const left: JsonObject = {};
  let empty: JsonObject | undefined;
  for (const key in object) {
    const value = object[key] as JsonValue;
    if (!dropped.has(key)) left[key] = value;
    else if (typeof value === "object" && value !== null && isEmpty(value)) {
      empty ??= {};
      empty[key] = value;
    }
  }
  if (empty !== undefined) rememberEmpty(left, empty);
  return left;
}

function compileList(shape: Shape & { kind: "list" }): Decode {
  const item = compile(shape.items);
  const plain = plainType(shape.items);
  const empty = zeroOf(shape.items);
  return (value, trail) => {
    if (!Array.isArray(value)) return typeMismatch(value, shape, trail);
    for (let i = 0; i < value.length; i++) {
      const element = value[i] as JsonValue;
      if (element === null) {
        value[i] = empty();
        continue;
      }
      if (typeof element === plain) continue;
      trail.push(i);
      const stored = item(element, trail);
      trail.pop();
      if (stored !== element) value[i] = stored ?? empty();
    }
    return value;
  };
}

function compileMap(shape: Shape & { kind: "map" }): Decode {
  const decode = compile(shape.values);
  const plain = plainType(shape.values);
  const empty = zeroOf(shape.values);
  return (value, trail) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return typeMismatch(value, shape, trail);
    for (const key in value) {
      const element = value[key] as JsonValue;
      if (typeof element === plain) continue;
      trail.pushKey(key);
      const stored = element === null ? empty() : (decode(element, trail) ?? empty());
      trail.pop();
      if (stored !== element) setOwn(value, key, stored);
    }
    return value;
  };
}

/** Keys of maps come from clients: plain assignment to `__proto__` would be lost. */
function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Any JSON; JSONSchemaProps' unions are decoded where they hold a schema. */
function compileAny(shape: AnyShape): Decode {
  if (!shape.form.startsWith("schema")) return (value) => value;
  let schema: Decode | undefined;
  return (value, trail) => {
    schema ??= jsonSchemaProps();
    if (typeof value !== "object" || value === null) return value;
    if (!Array.isArray(value)) return schema(value, trail);
    if (shape.form === "schemaOrArray") {
      for (let i = 0; i < value.length; i++) value[i] = schema(value[i] as JsonValue, trail) ?? {};
    }
    return value;
  };
}

function jsonSchemaProps(): Decode {
  const name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
  const shape = shapeByName(name);
  if (shape === undefined) throw new Error(`no definition ${name}`);
  return decoderOf(shape);
}

/** Makes what Go writes for an always written field that is empty: structs with their own such fields, lists as null. */
function emptyOf(shape: Shape): () => JsonValue {
  switch (shape.kind) {
    case "object":
      return zeroOf(shape);
    case "list":
    case "map":
      return () => null;
    case "any":
      return () => null;
    case "scalar":
      switch (shape.scalar) {
        case "bytes":
        case "time":
        case "microTime":
          return () => null;
        default:
          return zeroOf(shape);
      }
  }
}

/** Makes Go's zero value of an element of a list or map. */
function zeroOf(shape: Shape): () => JsonValue {
  switch (shape.kind) {
    case "object": {
      let decode: Decode | undefined;
      return () => {
        decode ??= decoderOf(shape);
        return decode({}, unused) ?? {};
      };
    }
    case "scalar":
      switch (shape.scalar) {
        case "boolean":
          return () => false;
        case "int32":
        case "int64":
        case "number":
        case "intOrString":
          return () => 0;
        case "quantity":
          return () => "0";
        case "string":
        case "bytes": // null at first, but nothing is what storing makes of it
          return () => "";
        default:
          return () => null;
      }
    default:
      return () => null;
  }
}

/** An empty object has nothing to complain of. */
const unused = { enter() {}, leave() {} } as unknown as Trail;
