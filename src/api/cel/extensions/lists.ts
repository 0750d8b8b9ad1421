import { type Environment, library } from "../library.ts";
import { limits } from "../limits.ts";
import { celEquals, compareValues } from "../values.ts";
import { type Register, registerClass } from "./register.ts";

type List = readonly unknown[];

class ListsNamespace {}

/** The longest list that one call makes. */
const rangeMax = BigInt(limits.elements);

/** Of Kubernetes: isSorted, sum, min, max, indexOf; of the language's own list library: what makes other lists. */
export function registerLists(environment: Environment, register: Register): void {
  const { Optional } = library();
  registerClass(environment, "kubernetes.Lists", ListsNamespace);
  environment.registerConstant("lists", "kubernetes.Lists", new ListsNamespace());
  register("kubernetes.Lists.range(int): list<int>", (_: unknown, size: bigint) => range(size));
  const optional = (list: List, at: number) => (list.length === 0 ? Optional.none() : Optional.of(list.at(at)));
  register("list<A>.first(): optional<A>", (list: List) => optional(list, 0));
  register("list<A>.last(): optional<A>", (list: List) => optional(list, -1));
  register("list<A>.isSorted(): bool", (list: List) =>
    list.every((item, i) => i === 0 || compareValues(list[i - 1], item) <= 0),
  );
  register("list<A>.min(): A", (list: List) => extreme(list, "min", -1));
  register("list<A>.max(): A", (list: List) => extreme(list, "max", 1));
  register("list<A>.sum(): A", sum);
  register("list<A>.indexOf(A): int", (list: List, item: unknown) =>
    BigInt(list.findIndex((other) => celEquals(other, item))),
  );
  register("list<A>.lastIndexOf(A): int", (list: List, item: unknown) =>
    BigInt(list.findLastIndex((other) => celEquals(other, item))),
  );
  register("list<A>.slice(int, int): list<A>", slice);
  register("list<A>.distinct(): list<A>", (list: List) =>
    list.filter((item, i) => list.findIndex((other) => celEquals(other, item)) === i),
  );
  register("list<A>.reverse(): list<A>", (list: List) => [...list].reverse());
  register("list<A>.sort(): list<A>", (list: List) => [...list].sort(compareValues));
  register("list<A>.flatten(): list<dyn>", (list: List) => list.flat());
  register("list<A>.flatten(int): list<dyn>", (list: List, depth: bigint) => {
    if (depth < 0n) throw new Error("level must be non-negative");
    return list.flat(Number(depth));
  });
  register("list<optional<A>>.unwrapOpt(): list<A>", unwrapped);
  register("OptionalNamespace.unwrap(list<optional<A>>): list<A>", (_: unknown, list: List) => unwrapped(list));
}

/** The values of those that have one. */
function unwrapped(list: List): List {
  const { Optional } = library();
  return list.flatMap((item) => {
    if (!(item instanceof Optional)) throw new Error("no such overload");
    return item.hasValue() ? [item.value()] : [];
  });
}

function extreme(list: List, name: string, sign: number): unknown {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (compareValues(item, best) * sign > 0 ? item : best));
}

function range(size: bigint): bigint[] {
  if (size < 0n) throw new Error(`lists.range: size must be non-negative, got ${size}`);
  if (size > rangeMax) throw new Error(`lists.range: size must be at most ${rangeMax}, got ${size}`);
  return Array.from({ length: Number(size) }, (_, i) => BigInt(i));
}

function sum(list: List): unknown {
  const { Duration } = library();
  const [first] = list;
  if (first instanceof Duration)
    return list.reduce((total, item) => (total as typeof first).addDuration(item as typeof first));
  let total: number | bigint = 0n;
  for (const item of list) {
    if (typeof item === "bigint" && typeof total === "bigint") total += item;
    else if (typeof item === "number") total = Number(total) + item;
    else throw new Error("no such overload");
  }
  return total;
}

function slice(list: List, start: bigint, end: bigint): List {
  if (start < 0n || end < 0n) throw new Error(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end)
    throw new Error(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (end > BigInt(list.length)) throw new Error(`cannot slice(${start}, ${end}), list is length ${list.length}`);
  return list.slice(Number(start), Number(end));
}
