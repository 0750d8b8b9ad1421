import {
  controllerReference,
  isReason,
  type KubeObject,
  type LabelSelector,
  labelSelectorAsSelector,
  matches,
  type Selector,
} from "../api/meta/index.ts";
import type { Client, ResourceType, StoreView } from "../client/index.ts";
import { byController, objectKey, orphansOf } from "./owners.ts";

export interface ClaimPlan<T extends KubeObject> {
  readonly keep: readonly T[];
  readonly adopt: readonly T[];
  readonly release: readonly T[];
}

/** Which objects an owner holds, should adopt (they match and nobody controls them) or release (they match no more). */
export function planClaims<T extends KubeObject>(
  owner: KubeObject,
  selector: Selector,
  controlled: readonly T[],
  orphans: readonly T[],
): ClaimPlan<T> {
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  const fits = (object: T) => matches(selector, object.metadata.labels);
  const keep: T[] = [];
  const release: T[] = [];
  for (const object of controlled) {
    if (fits(object)) keep.push(object);
    else if (!deleting) release.push(object);
  }
  return {
    keep,
    release,
    adopt: deleting ? [] : orphans.filter((object) => fits(object) && object.metadata.deletionTimestamp === undefined),
  };
}

export interface ClaimOptions<T extends KubeObject, O extends KubeObject> {
  readonly client: Client;
  readonly owner: O;
  readonly ownerType: ResourceType<O>;
  readonly selector: LabelSelector | Selector;
  readonly type: ResourceType<T>;
  /** Indexed by controller. */
  readonly store: StoreView<T>;
}

/** Adopts and releases as planned and gives what the owner then holds. */
export async function claim<T extends KubeObject, O extends KubeObject>(options: ClaimOptions<T, O>): Promise<T[]> {
  const { owner, store, client, type } = options;
  const { namespace, uid = "" } = owner.metadata;
  const selector = "requirements" in options.selector ? options.selector : labelSelectorAsSelector(options.selector);
  const controlled = store.byIndex(byController, uid);
  const plan = planClaims(owner, selector, controlled, store.byIndex(byController, orphansOf(namespace)));
  const writer = client.resource(type);
  for (const object of plan.release) await ignoringGone(release(object));
  const adopted: T[] = [];
  if (plan.adopt.length > 0 && (await ownerLives())) {
    for (const object of plan.adopt) {
      const taken = await ignoringGone(adopt(object));
      if (taken !== undefined) adopted.push(taken);
    }
  }
  return [...plan.keep, ...adopted];

  /** The view may be old: nothing is adopted for an owner that is being deleted or was replaced. */
  async function ownerLives(): Promise<boolean> {
    const fresh = await client.resource(options.ownerType).find(objectKey(owner));
    return fresh !== undefined && fresh.metadata.uid === uid && fresh.metadata.deletionTimestamp === undefined;
  }

  function adopt(object: T): Promise<T> {
    const ownerReferences = [controllerReference(owner)];
    const patch = { metadata: { ownerReferences, uid: object.metadata.uid } };
    return writer.patch(objectKey(object), "strategic", patch);
  }

  function release(object: T): Promise<T> {
    const ownerReferences = [{ $patch: "delete", uid }];
    const patch = { metadata: { ownerReferences, uid: object.metadata.uid } };
    return writer.patch(objectKey(object), "strategic", patch);
  }
}

/** What vanished, or was replaced by another of the same name, needs no owner any more. */
async function ignoringGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isReason(error, "NotFound") || isReason(error, "Invalid") || isReason(error, "Conflict")) return undefined;
    throw error;
  }
}
