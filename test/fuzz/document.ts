import type { JsonValue } from "../../src/api/meta/index.ts";

/** A JSON document that need not be a good one: fields may repeat, and any text may stand for a value. */
export type Node = null | boolean | number | string | Raw | Node[] | Fields;

/** Text that is written as it is. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An object's fields in order; the same name may occur again. */
export class Fields {
  readonly pairs: [name: string, value: Node][];
  constructor(pairs: [string, Node][]) {
    this.pairs = pairs;
  }
}

export function toNode(value: JsonValue): Node {
  if (Array.isArray(value)) return value.map(toNode);
  if (typeof value !== "object" || value === null) return value;
  return new Fields(Object.entries(value).map(([name, child]) => [name, toNode(child)]));
}

export function write(node: Node): string {
  if (node instanceof Raw) return node.text;
  if (Array.isArray(node)) return `[${node.map(write).join(",")}]`;
  if (node instanceof Fields) {
    return `{${node.pairs.map(([name, value]) => `${JSON.stringify(name)}:${write(value)}`).join(",")}}`;
  }
  return Object.is(node, -0) ? "-0" : JSON.stringify(node);
}

export function copy(node: Node): Node {
  if (Array.isArray(node)) return node.map(copy);
  if (node instanceof Fields) return new Fields(node.pairs.map(([name, value]) => [name, copy(value)]));
  return node;
}

export function fieldOf(node: Node, name: string): Node | undefined {
  return node instanceof Fields ? node.pairs.find(([known]) => known === name)?.[1] : undefined;
}

/** Sets a field, which takes the place of all of its name. */
export function setField(node: Fields, name: string, value: Node): void {
  const at = node.pairs.findIndex(([known]) => known === name);
  if (at < 0) node.pairs.push([name, value]);
  else node.pairs[at] = [name, value];
}
