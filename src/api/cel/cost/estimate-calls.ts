import type { Estimate } from "./estimate.ts";
import { factors } from "./factors.ts";
import type { CelNode } from "./nodes.ts";
import { bounded, comparing, sorting, unknownSize, walk } from "./sizes.ts";

/** What functions cost at worst, and how large what they make can be. */

/** @param operands a method's receiver is the first */
export function estimateCall(
  name: string,
  isMethod: boolean,
  operands: readonly Estimate[],
  nodes: readonly CelNode[],
): Estimate {
  const [first, second, third] = operands.map(({ size }) => size ?? unknownSize);
  const size = first ?? unknownSize;
  switch (name) {
    case "check":
      return { cost: factors.authorizationCheck };
    case "isSorted":
    case "sum":
    case "max":
    case "min":
    case "indexOf":
    case "lastIndexOf":
      if (!isMethod) return { cost: 1 };
      return { cost: nodes[0]?.checkedType?.kind === "list" ? elements(operands[0], nodes[0], size) : walk(size) };
    case "url":
    case "isURL":
    case "cidr":
    case "isIP":
    case "isCIDR":
    case "ip":
    case "quantity":
    case "isQuantity":
    case "semver":
    case "isSemver":
      return { cost: walk(size) };
    case "quote":
      return { cost: walk(second ?? unknownSize), size: bounded((second ?? unknownSize) * 2 + 2) };
    case "validate":
    case "isCanonical":
      return { cost: walk(second ?? unknownSize, name === "validate" ? 1 : 2) };
    case "lowerAscii":
    case "upperAscii":
    case "substring":
    case "trim":
      return { cost: walk(size), size };
    case "replace":
      return { cost: walk(size, 2), size: replacedSize(size, nodes[1], second ?? unknownSize, third ?? unknownSize) };
    case "split":
      return { cost: walk(size, 2), size };
    case "join": {
      const made = bounded(size * (operands[0]?.elementSize ?? unknownSize) + Math.max(0, size - 1) * (second ?? 0));
      return { cost: walk(made), size: made };
    }
    case "find":
    case "findAll":
    case "matches":
      return { cost: bounded(walk(size + 1) * Math.ceil((second ?? unknownSize) * factors.pattern)), size };
    case "contains":
    case "intersects":
    case "equivalent":
      if (third !== undefined) return { cost: bounded((second ?? unknownSize) * third) };
      return { cost: bounded(walk(size) * walk(second ?? unknownSize)) };
    case "startsWith":
    case "endsWith":
      return { cost: walk(second ?? unknownSize) };
    case "sort":
    case "distinct": {
      const type = nodes[0]?.checkedType?.valueType?.name;
      const cost = name === "sort" ? sorting(size, type) : comparing(size, type === "string" || type === "bytes");
      return { cost, size, elementSize: operands[0]?.elementSize };
    }
    case "reverse":
      if (nodes[0]?.checkedType?.kind !== "list") return { cost: 1, size };
      return { cost: newList(size), size, elementSize: operands[0]?.elementSize };
    case "flatten":
      return { cost: newList(size * flattenDepth(nodes[1])), size };
    case "range": {
      const count = literal(nodes[1]) ?? unknownSize;
      return { cost: newList(count), size: count };
    }
    case "slice": {
      const count = Math.max(0, (literal(nodes[2]) ?? unknownSize) - (literal(nodes[1]) ?? 0));
      return { cost: newList(count), size: count, elementSize: operands[0]?.elementSize };
    }
    case "format":
      return { cost: walk(size), size: bounded(size + (second ?? unknownSize)) };
    case "bytes":
      return { cost: walk(size), size: bounded(size * 4) };
    case "dyn": {
      const [only] = operands;
      return { path: only?.path, size: only?.size, elementSize: only?.elementSize, cost: 1 };
    }
    default:
      return { cost: 1 };
  }
}

function newList(size: number): number {
  return bounded(1 + factors.listCreation + size);
}

/** A number that is written out. */
function literal(node: CelNode | undefined): number | undefined {
  return node?.op === "value" && typeof node.args === "bigint" ? Number(node.args) : undefined;
}

function flattenDepth(node: CelNode | undefined): number {
  return node === undefined ? 1 : (literal(node) ?? unknownSize);
}

/** One for each element, and for every character of those that have some. */
function elements(list: Estimate | undefined, node: CelNode | undefined, size: number): number {
  const type = node?.checkedType?.valueType?.name;
  const hasCharacters = type === "string" || type === "bytes";
  return bounded(size * (1 + (hasCharacters ? walk(list?.elementSize ?? unknownSize) : 0)));
}

/** The longest that becomes of a text when the smallest parts are replaced by the largest ones. */
function replacedSize(size: number, replaced: CelNode | undefined, partMax: number, byMax: number): number {
  const partMin = replaced?.op === "value" ? partMax : 0;
  if (partMin === 0) return bounded((size + 1) * byMax + size);
  return byMax <= partMin ? size : bounded(Math.ceil(size / partMin) * byMax);
}
