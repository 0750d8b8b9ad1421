import type { JsonObject, JsonValue } from "../meta/index.ts";
import { comparePathElements, fieldElement, type PathElement, parsePathElement } from "./path-element.ts";
import { type Prefix, SharedNodes } from "./shared-nodes.ts";

type Children = ReadonlyMap<PathElement, FieldSet>;

/**
 * A set of field paths, as an immutable trie that shares what operations did not change. Every node says whether the
 * path that leads to it is itself in the set (`.` in FieldsV1), and what is below it. No node is empty but the root of
 * the empty set, and a root is never a member. Objects of one template have the same fields: nodes that are made alike
 * are mostly one object, so that their FieldsV1 is made once and kept once.
 */
export class FieldSet {
  static readonly empty: FieldSet = new FieldSet(false, undefined);
  /** The node of a path that is in the set and has nothing below it. */
  static readonly leaf: FieldSet = new FieldSet(true, undefined);

  readonly isMember: boolean;
  readonly children: Children | undefined;
  #fieldsV1: JsonObject | undefined;

  private constructor(isMember: boolean, children: Children | undefined) {
    this.isMember = isMember;
    this.children = children;
  }

  /** A node of these children, none of them empty. */
  static node(isMember: boolean, children: Children | undefined): FieldSet {
    if (children === undefined || children.size === 0) return isMember ? FieldSet.leaf : FieldSet.empty;
    const nodes = FieldSet.#shared;
    let prefix = nodes.start();
    for (const [element, child] of children) prefix = nodes.after(prefix, element, child);
    return nodes.node(prefix, isMember);
  }

  static readonly #shared = new SharedNodes<FieldSet>((isMember, children) => new FieldSet(isMember, children));

  /** To make a node without a map of its children: those given one after the other, each element once. */
  static get prefixes(): Pick<SharedNodes<FieldSet>, "start" | "after"> {
    return FieldSet.#shared;
  }

  static ofPrefix(prefix: Prefix<FieldSet>, isMember: boolean): FieldSet {
    if (prefix.isStart) return isMember ? FieldSet.leaf : FieldSet.empty;
    return FieldSet.#shared.node(prefix, isMember);
  }

  static of(...paths: readonly (readonly PathElement[])[]): FieldSet {
    return paths.reduce((set, path) => set.union(pathNode(path, 0)), FieldSet.empty);
  }

  /** Paths of plain fields: `[["status"], ["metadata", "labels"]]`. */
  static ofFields(paths: readonly (readonly string[])[]): FieldSet {
    return FieldSet.of(...paths.map((path) => path.map(fieldElement)));
  }

  /** Reads FieldsV1 JSON; throws PathElementError if a key is not well-formed. */
  static fromFieldsV1(json: JsonValue): FieldSet {
    const known = decoded.get(json as object);
    if (known !== undefined) return known;
    const { isMember, children } = decodeNode(json);
    const set = FieldSet.node(false, children);
    if (typeof json === "object" && json !== null && isMember === false) decoded.set(json, set);
    return set;
  }

  /** FieldsV1 JSON with sorted keys; the same object each time, so it must not be changed. */
  toFieldsV1(): JsonObject {
    if (this.#fieldsV1 === undefined) {
      this.#fieldsV1 = encodeNode(this, false);
      decoded.set(this.#fieldsV1, this.isMember ? FieldSet.node(false, this.children) : this);
    }
    return this.#fieldsV1;
  }

  get isEmpty(): boolean {
    return !this.isMember && this.children === undefined;
  }

  has(path: readonly PathElement[]): boolean {
    let node: FieldSet | undefined = this;
    for (const element of path) {
      node = node.children?.get(element);
      if (node === undefined) return false;
    }
    return path.length > 0 && node.isMember;
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.isMember !== other.isMember || this.children?.size !== other.children?.size) return false;
    for (const [element, child] of this.children ?? []) {
      const counterpart = other.children?.get(element);
      if (counterpart === undefined || !child.equals(counterpart)) return false;
    }
    return true;
  }

  union(other: FieldSet): FieldSet {
    if (this === other || other.isEmpty) return this;
    if (this.isEmpty) return other;
    const isMember = this.isMember || other.isMember;
    if (other.children === undefined) return isMember === this.isMember ? this : FieldSet.node(isMember, this.children);
    const children = new Map(this.children);
    let changed = isMember !== this.isMember;
    for (const [element, theirs] of other.children) {
      const ours = children.get(element);
      const merged = ours === undefined ? theirs : ours.union(theirs);
      if (merged === ours) continue;
      children.set(element, merged);
      changed = true;
    }
    return changed ? FieldSet.node(isMember, children) : this;
  }

  intersection(other: FieldSet): FieldSet {
    if (this === other) return this;
    const isMember = this.isMember && other.isMember;
    let children: Map<PathElement, FieldSet> | undefined;
    let changed = isMember !== this.isMember;
    for (const [element, ours] of this.children ?? []) {
      const theirs = other.children?.get(element);
      const common = theirs === undefined ? FieldSet.empty : ours.intersection(theirs);
      if (common !== ours) changed = true;
      if (common.isEmpty) continue;
      children ??= new Map();
      children.set(element, common);
    }
    return changed ? FieldSet.node(isMember, children) : this;
  }

  /** Exactly the paths of `other` are taken out; what is below them stays. */
  difference(other: FieldSet): FieldSet {
    return subtract(this, other, false);
  }

  /** The paths of `other` are taken out with all that is below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    return subtract(this, other, true);
  }

  /** All paths: those that end at a node before those below it, in the order of FieldsV1. The array is reused. */
  forEach(visit: (path: readonly PathElement[]) => void): void {
    walk(this, [], visit);
  }

  paths(): PathElement[][] {
    const all: PathElement[][] = [];
    this.forEach((path) => {
      all.push([...path]);
    });
    return all;
  }
}

/** Decoding is remembered by the JSON object: objects are immutable values, and most entries are our own output. */
const decoded = new WeakMap<object, FieldSet>();

function pathNode(path: readonly PathElement[], depth: number): FieldSet {
  const element = path[depth];
  if (element === undefined) return depth === 0 ? FieldSet.empty : FieldSet.leaf;
  return FieldSet.node(false, new Map([[element, pathNode(path, depth + 1)]]));
}

function subtract(from: FieldSet, what: FieldSet, recursive: boolean): FieldSet {
  const isMember = from.isMember && !what.isMember;
  if (from.children === undefined || what.children === undefined) {
    return isMember === from.isMember ? from : FieldSet.node(isMember, from.children);
  }
  let children: Map<PathElement, FieldSet> | undefined;
  for (const [element, theirs] of what.children) {
    const ours = (children ?? from.children).get(element);
    if (ours === undefined) continue;
    const rest = recursive && theirs.isMember ? FieldSet.empty : subtract(ours, theirs, recursive);
    if (rest === ours) continue;
    children ??= new Map(from.children);
    if (rest.isEmpty) children.delete(element);
    else children.set(element, rest);
  }
  if (children === undefined && isMember === from.isMember) return from;
  return FieldSet.node(isMember, children ?? from.children);
}

function walk(node: FieldSet, path: PathElement[], visit: (path: readonly PathElement[]) => void): void {
  const elements = sortedElements(node);
  for (const element of elements) {
    if (node.children?.get(element)?.isMember !== true) continue;
    path.push(element);
    visit(path);
    path.pop();
  }
  for (const element of elements) {
    const child = node.children?.get(element);
    if (child?.children === undefined) continue;
    path.push(element);
    walk(child, path, visit);
    path.pop();
  }
}

function sortedElements(node: FieldSet): PathElement[] {
  if (node.children === undefined) return [];
  const elements = [...node.children.keys()];
  for (let i = 1; i < elements.length; i++) {
    if (comparePathElements(elements[i - 1] ?? "", elements[i] ?? "") > 0) return elements.sort(comparePathElements);
  }
  return elements;
}

/** What every leaf is written as. Shared, as there are many and nobody may change them. */
const leafJson: JsonObject = Object.freeze({});

function encodeNode(node: FieldSet, includeSelf: boolean): JsonObject {
  const json: JsonObject = {};
  if (includeSelf) json["."] = leafJson;
  for (const element of sortedElements(node)) {
    const child = node.children?.get(element);
    if (child === undefined) continue;
    json[element] = child.children === undefined ? leafJson : encodeNode(child, child.isMember);
  }
  return json;
}

function decodeNode(json: JsonValue): { isMember: boolean; children: Map<PathElement, FieldSet> | undefined } {
  let isMember = false;
  let children: Map<PathElement, FieldSet> | undefined;
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    for (const key in json) {
      if (key === ".") {
        isMember = true;
        continue;
      }
      const element = parsePathElement(key);
      if (element === undefined) continue;
      const inner = decodeNode(json[key] ?? null);
      // A key without anything below it stands for the path itself.
      const child = FieldSet.node(inner.isMember || inner.children === undefined, inner.children);
      children ??= new Map();
      children.set(element, children.get(element)?.union(child) ?? child);
    }
  }
  return { isMember, children };
}
