import type { Shape } from "../schema/index.ts";
import { FieldSet } from "./field-set.ts";
import type { Manager, Managers } from "./managers.ts";
import type { PathElement } from "./path-element.ts";
import { childShape } from "./typed.ts";

const reconciledSets = new WeakMap<FieldSet, { readonly shape: Shape; readonly set: FieldSet }>();

/**
 * Entries may be older than the shape: who owned parts of what is atomic by now, owns all of it. Only entries of the
 * version that the shape is of are looked at.
 */
export function reconcileManagers(managers: Managers, apiVersion: string, shape: Shape): Managers {
  let changed: Map<string, Manager> | undefined;
  for (const [id, manager] of managers) {
    if (manager.apiVersion !== apiVersion) continue;
    const set = reconciled(manager.set, shape);
    if (set === manager.set) continue;
    changed ??= new Map(managers);
    changed.set(id, { ...manager, set });
  }
  return changed ?? managers;
}

function reconciled(set: FieldSet, shape: Shape): FieldSet {
  const known = reconciledSets.get(set);
  if (known?.shape === shape) return known.set;
  const result = reconcileBelow(set, shape);
  reconciledSets.set(set, { shape, set: result });
  return result;
}

function reconcileBelow(node: FieldSet, shape: Shape): FieldSet {
  if (node.children === undefined) return node;
  if (isAtomic(shape)) return FieldSet.leaf;
  let children: Map<PathElement, FieldSet> | undefined;
  for (const [element, child] of node.children) {
    const inner = shape.kind === "list" ? shape.items : childShape(shape, element.slice(2));
    const next = reconcileBelow(child, inner);
    if (next === child) continue;
    children ??= new Map(node.children);
    children.set(element, next);
  }
  return children === undefined ? node : FieldSet.node(node.isMember, children);
}

function isAtomic(shape: Shape): boolean {
  if (shape.kind === "list") return shape.listType === "atomic";
  return (shape.kind === "object" || shape.kind === "map") && shape.atomic === true;
}
