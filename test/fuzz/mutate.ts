import type { Shape } from "../../src/api/schema/index.ts";
import type { Chance } from "./chance.ts";
import { copy, Fields, type Node, Raw } from "./document.ts";
import { generate, oddNames, oddScalar, oddStrings } from "./values.ts";

/** A place in a document: how to change what is there, and what should be there. */
interface Place {
  readonly node: Node;
  readonly shape: Shape | undefined;
  replace(node: Node): void;
  remove(): void;
}

type Mutation = (chance: Chance, place: Place, places: readonly Place[]) => void;

/** Changes a document in place by one to some mutations. */
export function mutate(chance: Chance, document: Fields, shape: Shape | undefined, most = 3): void {
  const times = 1 + chance.integer(most);
  for (let i = 0; i < times; i++) {
    const places = placesOf(document, shape);
    if (places.length === 0) return;
    chance.weighted(mutations)(chance, chance.pick(places), places);
  }
}

function placesOf(document: Fields, shape: Shape | undefined): Place[] {
  const places: Place[] = [];
  collect(document, shape, places);
  return places;
}

function collect(node: Node, shape: Shape | undefined, places: Place[]): void {
  if (places.length > 5000) return;
  if (node instanceof Fields) {
    for (const [index, [name, value]] of node.pairs.entries()) {
      const inner = shapeOfField(shape, name);
      const replace = (next: Node): void => {
        node.pairs[index] = [name, next];
      };
      const remove = (): void => void node.pairs.splice(index, 1);
      places.push({ node: value, shape: inner, replace, remove });
      collect(value, inner, places);
    }
  } else if (Array.isArray(node)) {
    const inner = shape?.kind === "list" ? shape.items : undefined;
    for (const [index, value] of node.entries()) {
      const replace = (next: Node): void => {
        node[index] = next;
      };
      const remove = (): void => void node.splice(index, 1);
      places.push({ node: value, shape: inner, replace, remove });
      collect(value, inner, places);
    }
  }
}

function shapeOfField(shape: Shape | undefined, name: string): Shape | undefined {
  if (shape?.kind === "object") return shape.fields.get(name)?.shape;
  return shape?.kind === "map" ? shape.values : undefined;
}

/** Most change a value into another of its type: what passes decoding reaches validation. */
const mutations: readonly (readonly [number, Mutation])[] = [
  [30, addField],
  [
    22,
    (chance, place) =>
      place.replace(oddScalar(chance, place.shape?.kind === "scalar" ? place.shape.scalar : undefined)),
  ],
  [10, (chance, place) => place.shape && place.replace(generate(chance, place.shape, 3))],
  [8, (_chance, place) => place.remove()],
  [5, (_chance, place) => place.replace(null)],
  [
    6,
    (chance, place) =>
      place.replace(chance.pick<Node>([true, 0, "", [], new Fields([]), [null], [[]], new Fields([["a", null]])])),
  ],
  [6, repeatItem],
  [4, (chance, place, places) => place.replace(copy(chance.pick(places).node))],
  [4, addOddField],
  [3, repeatField],
  [1, (chance, place) => place.replace(nested(chance.pick([10, 500, 9000]), chance.is(0.5)))],
  [1, longList],
  [
    1,
    (chance, place) =>
      place.replace(
        new Raw(chance.pick(["NaN", "undefined", "'a'", "01", "1.", "-", "+1", '"\\x"', '"\\ud800"', "/*a*/1", ""])),
      ),
  ],
  [1, (chance, place) => place.node instanceof Fields && changeCase(chance, place.node)],
];

function addField(chance: Chance, place: Place): void {
  const { node, shape } = place;
  if (node instanceof Fields && shape?.kind === "object") {
    const absent = [...shape.fields.values()].filter(({ name }) => !node.pairs.some(([known]) => known === name));
    if (absent.length === 0) return;
    const field = chance.pick(absent);
    node.pairs.push([field.name, generate(chance, field.shape, 3)]);
  } else if (node instanceof Fields && shape?.kind === "map") {
    node.pairs.push([chance.pick(["a", "b", "c"]), generate(chance, shape.values, 2)]);
  } else if (Array.isArray(node) && shape?.kind === "list") {
    node.push(generate(chance, shape.items, 3));
  } else if (shape !== undefined) {
    place.replace(generate(chance, shape, 2));
  }
}

function addOddField(chance: Chance, { node }: Place): void {
  const value = chance.pick<Node>([1, "a", null, new Fields([["polluted", true]]), [], chance.pick(oddStrings)]);
  if (node instanceof Fields)
    node.pairs.splice(chance.integer(node.pairs.length + 1), 0, [chance.pick(oddNames), value]);
}

/** The same list item again, whole or with one field changed: keys of list maps clash. */
function repeatItem(chance: Chance, { node, shape }: Place): void {
  if (!Array.isArray(node) || node.length === 0) return;
  const again = copy(chance.pick(node));
  if (again instanceof Fields && chance.is(0.6))
    mutate(chance, again, shape?.kind === "list" ? shape.items : undefined, 1);
  node.push(again);
}

function repeatField(chance: Chance, { node, shape }: Place): void {
  if (!(node instanceof Fields) || node.pairs.length === 0) return;
  const [name, value] = chance.pick(node.pairs);
  const inner = shapeOfField(shape, name);
  node.pairs.push([name, inner !== undefined && chance.is(0.5) ? generate(chance, inner, 2) : copy(value)]);
}

function longList(chance: Chance, { node, shape }: Place): void {
  if (!Array.isArray(node) || shape?.kind !== "list") return;
  const times = chance.pick([20, 101, 1001, 3000]);
  for (let i = 0; i < times; i++) node.push(i < 10 ? generate(chance, shape.items, 1) : copy(node[i % 10] ?? null));
}

function nested(depth: number, isList: boolean): Node {
  return new Raw(isList ? "[".repeat(depth) + "]".repeat(depth) : `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
}

function changeCase(chance: Chance, node: Fields): void {
  const pair = node.pairs[chance.integer(node.pairs.length)];
  if (pair) pair[0] = chance.is(0.5) ? pair[0].toUpperCase() : pair[0].charAt(0).toUpperCase() + pair[0].slice(1);
}

/** Damages bytes: flips, cuts, doubles, inserts. */
export function damage(chance: Chance, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes);
  const times = 1 + chance.integer(3);
  for (let i = 0; i < times && result.length > 0; i++) {
    const at = chance.integer(result.length);
    const end = Math.min(result.length, at + 1 + chance.integer(40));
    const kind = chance.integer(6);
    if (kind <= 1) result[at] = chance.integer(256);
    else if (kind === 2) result = result.subarray(0, at);
    else if (kind === 3) result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
    else if (kind === 4) result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
    else {
      const inserted = chance.pick([
        "\xff\xff\xff\xff\x0f",
        "\x00",
        "{",
        "}",
        '"',
        "\\",
        ",",
        ":",
        "\n",
        "&a ",
        "*a",
        "<<: ",
        "- ",
        "\t",
        "---\n",
        "!!",
      ]);
      result = Buffer.concat([result.subarray(0, at), Buffer.from(inserted, "latin1"), result.subarray(at)]);
    }
  }
  return result;
}
