import type { JsonObject, JsonValue } from "../meta/index.ts";
import { isObject, mapItems, mapMembers } from "./copy-on-write.ts";
import type { StructuralNode } from "./schema.ts";

const metaFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** Where pruning is, and what it left out so far. */
class Trail {
  readonly #steps: (string | number)[] = [];
  readonly #unknown: string[] | undefined;

  constructor(unknown: string[] | undefined) {
    this.#unknown = unknown;
  }

  get isAtRoot(): boolean {
    return this.#steps.length === 0;
  }

  enter(step: string | number): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  leaveOut(key: string): void {
    if (this.#unknown === undefined) return;
    let text = "";
    for (const step of [...this.#steps, key]) {
      if (typeof step === "number") text += `[${step}]`;
      else text += (text === "" ? "" : ".") + step;
    }
    this.#unknown.push(text);
  }
}

/**
 * A whole object without the fields that its schema does not name, unless it preserves them.
 * @param unknown gets the paths of what was left out, sorted
 */
export function pruneUnknown(object: JsonObject, root: StructuralNode, unknown?: string[]): JsonObject {
  const found: string[] | undefined = unknown && [];
  const trail = new Trail(found);
  const pruned = pruneObject(object, root.isEmbedded ? root : { ...root, isEmbedded: true }, trail);
  if (unknown !== undefined && found !== undefined) unknown.push(...found.sort());
  return pruned;
}

function prune(value: JsonValue, node: StructuralNode | undefined, trail: Trail): JsonValue {
  if (Array.isArray(value)) {
    // What a list holds that preserves is looked at for what its own schema says.
    if (node?.preserves && node.items === undefined) return value;
    return mapItems(value, (item, i) => {
      if (typeof item !== "object") return item;
      trail.enter(i);
      const next = prune(item, node?.items, trail);
      trail.leave();
      return next;
    });
  }
  return isObject(value) ? pruneObject(value, node, trail) : value;
}

function pruneObject(object: JsonObject, node: StructuralNode | undefined, trail: Trail): JsonObject {
  return mapMembers(object, (value, key) => {
    if (node?.isEmbedded && metaFields.has(key)) return value;
    const property = node?.properties.get(key);
    if (property !== undefined || node?.allowsOthers) {
      if (typeof value !== "object" || value === null) return value;
      trail.enter(key);
      const next = prune(value, property ?? node?.others, trail);
      trail.leave();
      return next;
    }
    if (node?.preserves) return value;
    if (!trail.isAtRoot || !metaFields.has(key)) trail.leaveOut(key);
    return undefined;
  });
}
