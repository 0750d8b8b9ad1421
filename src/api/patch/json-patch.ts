import { deepEqual, errors, type JsonObject, type JsonValue } from "../meta/index.ts";
import { inapplicable } from "./patch-error.ts";
import { isObject } from "./typed.ts";

/** The most operations that one patch may hold. */
export const jsonPatchOperationsMax = 10_000;

/** The most that the copy operations of one patch may add, in bytes of JSON. */
const copyBytesMax = 3 * 1024 * 1024;

const operations = new Set(["add", "remove", "replace", "move", "copy", "test"]);

interface Operation {
  readonly op: string;
  readonly path: string | undefined;
  readonly from: string | undefined;
  /** Null where it is absent, as the original reads it. */
  readonly value: JsonValue;
}

/**
 * Applies a JSON patch (RFC 6902) with the peculiarities of the library that the original uses: `replace` of an absent
 * field adds it, negative indices count from the end, and `copy` of an absent field copies null.
 * Throws 400 for what is no patch, 413 for too many operations, and 422 for operations that do not apply.
 */
export function jsonPatch(document: JsonValue, patch: JsonValue): JsonValue {
  const decoded = decodeOperations(patch);
  const draft = new Draft(document);
  for (const operation of decoded) applyOperation(draft, operation);
  return draft.document;
}

function decodeOperations(patch: JsonValue): Operation[] {
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw decodeError(patch, "[]handlers.jsonPatchOp");
  const decoded = patch.map(decodeOperation);
  if (decoded.length > jsonPatchOperationsMax) {
    throw errors.requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, got ${decoded.length}`,
    );
  }
  return decoded;
}

function decodeOperation(entry: JsonValue): Operation {
  if (entry === null) return { op: "", path: undefined, from: undefined, value: null };
  if (!isObject(entry)) throw decodeError(entry, "handlers.jsonPatchOp");
  return {
    op: text(entry, "op") ?? "",
    path: text(entry, "path"),
    from: text(entry, "from"),
    value: entry.value ?? null,
  };
}

function text(entry: JsonObject, field: string): string | undefined {
  const value = entry[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw decodeError(value, "string", `Go struct field jsonPatchOp.${field}`);
  return value;
}

function decodeError(value: JsonValue, wanted: string, place = "Go value"): Error {
  const got = Array.isArray(value) ? "array" : value !== null && typeof value === "object" ? "object" : jsonKind(value);
  return errors.badRequest(`error decoding patch: json: cannot unmarshal ${got} into ${place} of type ${wanted}`);
}

function jsonKind(value: JsonValue): string {
  return typeof value === "boolean" ? "bool" : value === null ? "null" : typeof value;
}

function applyOperation(draft: Draft, operation: Operation): void {
  const { op, value } = operation;
  if (!operations.has(op)) throw inapplicable(`Unexpected kind: ${op}`);
  if (op === "move" || op === "copy") {
    transfer(draft, op, operation);
    return;
  }
  const path = required(op, "path", operation.path);
  switch (op) {
    case "add":
      draft.add(path, value, op);
      return;
    case "remove":
      draft.remove(path, op);
      return;
    case "replace":
      draft.replace(path, value);
      return;
    case "test":
      if (!deepEqual(draft.get(path, op) ?? null, value))
        throw inapplicable(`testing value ${path} failed: test failed`);
  }
}

function transfer(draft: Draft, op: string, operation: Operation): void {
  const from = required(op, "from", operation.from);
  const value = draft.get(from, op, true) ?? null;
  if (op === "move") draft.remove(from, op);
  const path = required(op, "path", operation.path);
  if (op === "copy") draft.countCopy(value);
  // Moving a value into itself fails here: its place went away with it.
  draft.add(path, value, op);
}

function required(op: string, field: string, value: string | undefined): string {
  if (value === undefined) throw inapplicable(`${op} operation failed to decode ${field}: missing value`);
  return value;
}

type Container = JsonValue[] | JsonObject;

/** A document under change: containers are copied once, when they are first written to, and never the given ones. */
class Draft {
  document: JsonValue;
  readonly #owned = new Set<Container>();
  #copiedBytes = 0;

  constructor(document: JsonValue) {
    this.document = document;
  }

  get(path: string, op: string, strict = false): JsonValue | undefined {
    if (path === "" && !strict) return this.document;
    const { container, key } = this.#locate(path, op, false);
    if (Array.isArray(container)) return container[existingIndex(container, key)];
    return Object.hasOwn(container, key) ? container[key] : undefined;
  }

  /** Copies of copies grow without bound, and are only shared until they are written out. */
  countCopy(value: JsonValue): void {
    this.#copiedBytes += JSON.stringify(value).length;
    if (this.#copiedBytes <= copyBytesMax) return;
    throw inapplicable(
      `Unable to complete the copy, the accumulated size increase of copy is ${this.#copiedBytes}, exceeding the limit ${copyBytesMax}`,
    );
  }

  add(path: string, value: JsonValue, op: string): void {
    this.#share(value);
    const { container, key } = this.#locate(path, op, true);
    if (!Array.isArray(container)) setField(container, key, value);
    else if (key === "-") container.push(value);
    else container.splice(index(container.length + 1, key, container.length), 0, value);
  }

  remove(path: string, op: string): void {
    const { container, key } = this.#locate(path, op, true);
    if (Array.isArray(container)) {
      container.splice(existingIndex(container, key), 1);
    } else {
      if (!Object.hasOwn(container, key)) throw inapplicable(`Unable to remove nonexistent key: ${key}: missing value`);
      delete container[key];
    }
  }

  replace(path: string, value: JsonValue): void {
    if (path === "") {
      // As in the original's library, a document is not replaced by a scalar, and nobody is told.
      if (typeof value === "object" && value !== null) this.document = value;
      return;
    }
    const { container, key } = this.#locate(path, "replace", true);
    if (Array.isArray(container)) container[existingIndex(container, key)] = value;
    else setField(container, key, value);
  }

  /** A value that now stands in two places belongs to neither, so that a later change of the one copies it. */
  #share(value: JsonValue): void {
    if (typeof value !== "object" || value === null || !this.#owned.delete(value)) return;
    for (const child of Object.values(value)) this.#share(child);
  }

  /** The container that holds the last step of a path, and that step. Everything before the first slash is ignored. */
  #locate(path: string, op: string, write: boolean): { container: Container; key: string } {
    const [, ...steps] = path.split("/");
    const key = steps.pop();
    const missing = (): Error =>
      inapplicable(`${op} operation does not apply: doc is missing path: "${path}": missing value`);
    if (key === undefined) throw missing();
    let container = containerOf(this.document);
    if (container === undefined) throw missing();
    if (write) this.document = container = this.#own(container);
    for (const step of steps) {
      const at = decodeStep(step);
      const place: string | number = Array.isArray(container) ? existingIndex(container, at) : at;
      let next: Container | undefined = containerOf(child(container, place));
      if (next === undefined) throw missing();
      if (write) {
        next = this.#own(next);
        if (Array.isArray(container)) container[Number(place)] = next;
        else setField(container, at, next);
      }
      container = next;
    }
    return { container, key: decodeStep(key) };
  }

  #own(container: Container): Container {
    if (this.#owned.has(container)) return container;
    const copy = Array.isArray(container) ? [...container] : { ...container };
    this.#owned.add(copy);
    return copy;
  }
}

function child(container: Container, place: string | number): JsonValue | undefined {
  if (Array.isArray(container)) return container[Number(place)];
  return Object.hasOwn(container, place) ? container[place] : undefined;
}

/** Plain assignment would set the prototype for the key `__proto__`. */
export function setField(object: JsonObject, key: string, value: JsonValue): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function containerOf(value: JsonValue | undefined): Container | undefined {
  return typeof value === "object" && value !== null ? value : undefined;
}

function decodeStep(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

function existingIndex(list: readonly JsonValue[], key: string): number {
  return index(list.length, key, list.length - 1);
}

/** `length` is what a negative index counts back from, `last` the largest index that is allowed. */
function index(length: number, key: string, last: number): number {
  if (!/^[+-]?\d+$/.test(key)) throw inapplicable(`value was not a proper array index: '${key}'`);
  const number = Number(key);
  const at = number < 0 ? number + length : number;
  if (at < 0 || at > last) throw inapplicable(`Unable to access invalid index: ${key}: invalid index referenced`);
  return at;
}
