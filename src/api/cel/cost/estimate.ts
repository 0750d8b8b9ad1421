import { estimateCall } from "./estimate-calls.ts";
import { factors, macroResults, macroRounds } from "./factors.ts";
import {
  type AddedMacro,
  binaryOperators,
  type CelNode,
  type CelType,
  type Comprehension,
  operandsOf,
} from "./nodes.ts";
import { bounded, sorting, unknownSize, walk } from "./sizes.ts";

/** What an expression costs at worst, as the original estimates it before a rule is accepted. */

/**
 * The most elements, characters or bytes that a value can have, by the way to it: a variable, then field names, `@items`,
 * `@values` and `@keys`; undefined where nothing is known.
 */
export type Sizes = (path: readonly string[]) => number | undefined;

/** An expression's cost, and what is known of its value. */
export interface Estimate {
  readonly cost: number;
  readonly path?: readonly string[];
  readonly size?: number;
  /** Of the elements. */
  readonly elementSize?: number;
}

type Scope = ReadonlyMap<string, Estimate>;

export function estimateCost(root: CelNode, sizes: Sizes): number {
  return new Estimator(sizes).of(root, new Map()).cost;
}

const scalars: ReadonlySet<string> = new Set([
  "bool",
  "int",
  "uint",
  "double",
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
]);

class Estimator {
  readonly #sizes: Sizes;

  constructor(sizes: Sizes) {
    this.#sizes = sizes;
  }

  of(node: CelNode, scope: Scope): Estimate {
    const { alternate, macro } = node.meta;
    if (alternate !== undefined) {
      return alternate.op === "comprehension" ? this.#macro(node, alternate, scope) : this.of(alternate, scope);
    }
    if (macro?.macroHasProps !== undefined) return this.#presence(macro.macroHasProps, scope);
    if (macro?.val !== undefined && macro.exp !== undefined) {
      const bound = this.#sized(macro.val, this.of(macro.val, scope));
      const result = this.of(macro.exp, new Map(scope).set(macro.var ?? "", bound));
      return { ...result, cost: factors.listCreation + bound.cost + result.cost };
    }
    if (macro?.added !== undefined) return this.#added(macro.added, scope);
    return this.#sized(node, this.#plain(node, scope));
  }

  #plain(node: CelNode, scope: Scope): Estimate {
    const { op, args } = node;
    const operands = op === "id" || op === "value" ? [] : operandsOf(node).map((one) => this.of(one, scope));
    const [first, second, third] = operands;
    const sum = operands.reduce((all, { cost }) => bounded(all + cost), 0);
    switch (op) {
      case "value":
        return { cost: 0, size: literalSize(args) };
      case "id": {
        const name = String(args);
        const known = scope.get(name);
        return known === undefined ? { cost: 1, path: [name] } : { ...known, cost: 1 };
      }
      case ".": {
        const [target] = operandsOf(node);
        const step = hasFields(target?.checkedType) ? 1 : 0;
        const field = Array.isArray(args) ? String(args[1]) : "";
        return { cost: sum + step, path: first?.path && [...first.path, field] };
      }
      case "[]": {
        const [target] = operandsOf(node);
        const below = target?.checkedType?.kind === "list" ? "@items" : "@values";
        return { cost: sum + 1, path: first?.path && [...first.path, below], size: first?.elementSize };
      }
      case "list":
        return {
          cost: sum + factors.listCreation,
          size: operands.length,
          elementSize: operands.reduce((most, { size }) => Math.max(most, size ?? unknownSize), 0),
        };
      case "map":
        return { cost: sum + factors.mapCreation, size: operands.length / 2 };
      case "?:": {
        const branches = Math.max(second?.cost ?? 0, third?.cost ?? 0);
        const size = Math.max(second?.size ?? unknownSize, third?.size ?? unknownSize);
        return { cost: (first?.cost ?? 0) + branches, size, elementSize: second?.elementSize };
      }
      case "&&":
      case "||":
        return { cost: sum };
      case "call":
      case "rcall": {
        const name = Array.isArray(args) ? String(args[0]) : "";
        const { cost, ...rest } = estimateCall(name, op === "rcall", operands, operandsOf(node));
        return { ...rest, cost: bounded(cost + sum) };
      }
      default:
        if (!binaryOperators.has(op)) return { cost: sum + 1 };
        return this.#operator(node, first, second, sum);
    }
  }

  #operator(node: CelNode, left: Estimate | undefined, right: Estimate | undefined, sum: number): Estimate {
    const { op, checkedType } = node;
    const a = left?.size ?? unknownSize;
    const b = right?.size ?? unknownSize;
    switch (op) {
      case "in": {
        const isMap = operandsOf(node)[1]?.checkedType?.kind === "map";
        return { cost: bounded(sum + (isMap ? 1 : b)) };
      }
      case "==":
      case "!=":
        return { cost: bounded(sum + walk(Math.min(a, b))) };
      case "<":
      case "<=":
      case ">":
      case ">=": {
        const isText = operandsOf(node).some((one) => /^(?:string|bytes)/.test(one.checkedType?.name ?? ""));
        return { cost: bounded(sum + (isText ? walk(Math.min(a, b)) : 1)) };
      }
      case "+": {
        const size = bounded(a + b);
        const isText = /^(?:string|bytes|dyn)/.test(checkedType?.name ?? "dyn");
        const elementSize = Math.max(left?.elementSize ?? unknownSize, right?.elementSize ?? unknownSize);
        return { cost: bounded(sum + (isText ? walk(size) : 1)), size, elementSize };
      }
      default:
        return { cost: sum + 1 };
    }
  }

  /** `has(self.a.b)`: the way to `self.a`. */
  #presence(fields: readonly CelNode[], scope: Scope): Estimate {
    const target = fields[1];
    return { cost: target === undefined ? 0 : this.of(target, scope).cost };
  }

  #macro(call: CelNode, comprehension: CelNode, scope: Scope): Estimate {
    const [name, , given] = call.args as [string, CelNode, readonly CelNode[]]; // only methods become comprehensions
    const { iterable } = comprehension.args as Comprehension;
    const range = this.of(iterable, scope);
    const isList = iterable.checkedType?.kind === "list";
    const variable = String(given[0]?.args);
    const below = range.path && [...range.path, isList ? "@items" : "@keys"];
    const size = (below && this.#sizes(below)) ?? range.elementSize;
    const inner = new Map(scope).set(variable, { cost: 1, path: below, size });
    const costs = given.slice(1).map((part) => this.of(part, inner));
    const makesList = name === "map" || name === "filter";
    const round = costs.reduce((all, { cost }) => bounded(all + cost), macroRounds[name] ?? 1);
    const count = range.size ?? unknownSize;
    const made = makesList ? factors.listCreation : 0;
    const cost = bounded(range.cost + made + (macroResults[name] ?? 1) + bounded(count * round));
    if (!makesList) return { cost, size: 1 };
    return { cost, size: count, elementSize: name === "filter" ? size : costs.at(-1)?.size };
  }

  #added(macro: AddedMacro, scope: Scope): Estimate {
    const { name, range } = macro;
    if (name === "optMap" || name === "optFlatMap") return this.#ofOptional(macro, scope);
    return name === "sortBy" ? this.#sorted(macro, scope) : this.#rounds(range, macro, scope);
  }

  /** A macro with two variables. */
  #rounds(node: CelNode, { name, variables, bodies }: AddedMacro, scope: Scope): Estimate {
    const range = this.of(node, scope);
    const isList = node.checkedType?.kind === "list";
    const [first = "", second = ""] = variables;
    const below = range.path && [...range.path, isList ? "@items" : "@values"];
    const keys = isList ? undefined : range.path && [...range.path, "@keys"];
    const inner = new Map(scope)
      .set(first, isList ? { cost: 1, size: 1 } : { cost: 1, path: keys, size: keys && this.#sizes(keys) })
      .set(second, { cost: 1, path: below, size: (below && this.#sizes(below)) ?? range.elementSize });
    const costs = bodies.map((body) => this.of(body, inner));
    const round = costs.reduce((all, { cost }) => bounded(all + cost), macroRounds[name] ?? 1);
    const count = range.size ?? unknownSize;
    const made = madeBy(name);
    const cost = bounded(range.cost + made + (macroResults[name] ?? 1) + bounded(count * round));
    if (made === 0) return { cost, size: 1 };
    const most = name === "transformMapEntry" ? bounded(count * (costs.at(-1)?.size ?? unknownSize)) : count;
    return { cost, size: most, elementSize: costs.at(-1)?.size };
  }

  #sorted({ range, variables, bodies }: AddedMacro, scope: Scope): Estimate {
    const list = this.#sized(range, this.of(range, scope));
    const count = list.size ?? unknownSize;
    const below = list.path && [...list.path, "@items"];
    const size = (below && this.#sizes(below)) ?? list.elementSize;
    const inner = new Map(scope).set(variables[0] ?? "", { cost: 1, path: below, size });
    const [key] = bodies;
    const keyCost = key === undefined ? 0 : this.of(key, inner).cost;
    const keys = factors.listCreation + 2 + bounded(count * ((macroRounds.map ?? 0) + keyCost));
    const own = factors.listCreation + list.cost + 1;
    return { ...list, cost: bounded(own + keys + sorting(count, key?.checkedType?.name)) };
  }

  #ofOptional({ name, range, variables, bodies }: AddedMacro, scope: Scope): Estimate {
    const optional = this.of(range, scope);
    const [body] = bodies;
    const inner = new Map(scope).set(variables[0] ?? "", { cost: 1, path: optional.path, size: optional.size });
    const result: Estimate = body === undefined ? { cost: 0 } : this.of(body, inner);
    const outer = range.op === "id" ? 0 : factors.listCreation + optional.cost;
    const wrapped = name === "optMap" ? 1 : 0;
    const value = factors.listCreation + 2 + wrapped + result.cost;
    return { ...result, cost: bounded(outer + 2 + value) };
  }

  /** What is not known by how a value is made is known by where it comes from, or by its type. */
  #sized({ checkedType }: CelNode, estimate: Estimate): Estimate {
    const size =
      estimate.size ??
      (estimate.path && this.#sizes(estimate.path)) ??
      (checkedType !== undefined && scalars.has(checkedType.name.replace(/^optional<(.*)>$/, "$1")) ? 1 : undefined);
    return size === estimate.size ? estimate : { ...estimate, size };
  }
}

function madeBy(name: string): number {
  if (name === "transformList") return factors.listCreation;
  return name.startsWith("transformMap") ? factors.mapCreation : 0;
}

function literalSize(value: unknown): number {
  return typeof value === "string" || value instanceof Uint8Array ? value.length : 1;
}

function hasFields(type: CelType | undefined): boolean {
  return type?.kind === "map" || type?.kind === "message";
}
