import type { JsonValue } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { childShape, granularity, isObject, TypedError } from "./typed.ts";
import { mergeConfig } from "./typed-merge.ts";
import { validateConfig } from "./validate-config.ts";

/**
 * Lays a configuration over an object as server-side apply does, but nobody owns anything afterwards. What would be
 * replaced as a whole must not be named: who states a part of it would lose the rest. Throws Error in the original's words.
 */
export function mergeTyped(live: JsonValue, config: JsonValue, shape: Shape): JsonValue {
  try {
    validateConfig(config, shape);
  } catch (err) {
    if (!(err instanceof TypedError)) throw err;
    throw new Error(`failed to convert patch object to typed object: ${err.message}`, { cause: err });
  }
  const atomics: string[] = [];
  findAtomics(config, shape, "", atomics);
  if (atomics.length > 0) {
    const text = `may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`;
    throw new Error(`invalid ApplyConfiguration: ${text}`);
  }
  return mergeConfig(live, config, shape);
}

function findAtomics(value: JsonValue, shape: Shape, path: string, out: string[]): void {
  const isAtomic = granularity(shape, value) === "leaf";
  if (isObject(value) && (shape.kind === "object" || shape.kind === "map")) {
    if (isAtomic) out.push(path);
    if (shape.kind === "map") return;
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) findAtomics(member, childShape(shape, key), `${path}.${key}`, out);
    }
  } else if (Array.isArray(value) && shape.kind === "list") {
    if (isAtomic) out.push(path);
    for (const [i, item] of value.entries()) findAtomics(item, shape.items, `${path}[${i}]`, out);
  }
}
