import type { ResourceKind } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { Entry, Operation, Revision } from "../../store/index.ts";
import type { HandlerContext, Reservation } from "./context.ts";
import { toStorage } from "./versions.ts";

export type WriteResult =
  | { readonly entry: Entry }
  /** Somebody else was faster; `current` is the newest version of the key. */
  | { readonly current: Entry | undefined };

type Beside = Pick<Reservation, "compare" | "operations">;

/** Writes the object if the key's newest version is still `expected` (0: does not exist). The draft passes to the store. */
export async function putObject(
  ctx: HandlerContext,
  kind: ResourceKind,
  key: string,
  draft: KubeObject,
  expected: Revision,
  beside?: Beside,
): Promise<WriteResult> {
  const object = toStorage(kind, draft);
  const { ttlSeconds } = kind.strategy;
  const put: Operation =
    ttlSeconds === undefined ? { type: "put", key, object } : { type: "put", key, object, ttlSeconds };
  return write(ctx, key, expected, put, beside);
}

/** Deletes the object if its newest version is still `expected`. The entry is the last version with the deletion's revision. */
export async function deleteObject(
  ctx: HandlerContext,
  key: string,
  expected: Revision,
  beside?: Beside,
): Promise<WriteResult> {
  return write(ctx, key, expected, { type: "delete", key }, beside);
}

async function write(
  ctx: HandlerContext,
  key: string,
  expected: Revision,
  operation: Operation,
  beside: Beside | undefined,
): Promise<WriteResult> {
  const result = await ctx.store.commit({
    compare: [{ key, revision: expected }, ...(beside?.compare ?? [])],
    operations: [operation, ...(beside?.operations ?? [])],
  });
  if (!result.committed) return { current: result.current[0] };
  const entry = result.entries[0];
  if (entry === undefined) throw new Error(`the commit of ${key} returned no entry`);
  return { entry };
}
