import { controllerOf, type KubeObject, matches, type Selector, semanticEqual } from "../api/meta/index.ts";
import type { StoreView } from "../client/index.ts";
import { byNamespace } from "./owners.ts";

export interface Adopters<O extends KubeObject> {
  /** Indexed by namespace. */
  readonly store: StoreView<O>;
  selector(owner: O): Selector;
  enqueue(owner: O): void;
}

/** An object that nobody controls may be adopted by any owner that selects it: each of them gets a turn. */
export function enqueueAdopters<O extends KubeObject>(object: KubeObject, adopters: Adopters<O>): void {
  const { deletionTimestamp, namespace = "", labels } = object.metadata;
  if (controllerOf(object) !== undefined || deletionTimestamp !== undefined) return;
  for (const owner of adopters.store.byIndex(byNamespace, namespace)) {
    if (matches(adopters.selector(owner), labels)) adopters.enqueue(owner);
  }
}

/** The same after an update, when it may have made the object fit for others than before. */
export function enqueueNewAdopters<O extends KubeObject>(old: KubeObject, object: KubeObject, to: Adopters<O>): void {
  if (controllerOf(object) !== undefined) return; // as for most: the rest need not be asked
  if (controllerOf(old) === undefined && semanticEqual(old.metadata.labels, object.metadata.labels)) return;
  enqueueAdopters(object, to);
}
