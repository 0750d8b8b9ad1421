import { ApiError, errors, formatApiVersion, type ListMeta } from "../../api/meta/index.ts";
import { TimeSlice } from "../../host/index.ts";
import { CompactedError, type Entry, type Revision, type Snapshot } from "../../store/index.ts";
import type { ApiRequest, ApiResponse, ListItem } from "../request.ts";
import { type Call, type HandlerContext, warningsOf } from "./context.ts";
import { decodeContinue, encodeContinue, type ListPosition } from "./continue-token.ts";
import { candidates, entryAt } from "./field-index.ts";
import { collectionPrefix } from "./keys.ts";
import { checkListOptions } from "./options.ts";
import { parseRevision, requireRevision, revisionError } from "./revisions.ts";
import { type Selection, selectionOf } from "./selection.ts";
import { answered, listed } from "./versions.ts";

/** Entries of a page, and what its metadata says. */
export interface Page {
  readonly entries: readonly { readonly entry: Entry; readonly item: ListItem }[];
  readonly metadata: ListMeta;
}

/** GET of a collection. */
export async function list(ctx: HandlerContext, call: Call): Promise<ApiResponse> {
  checkListOptions(call.request.options, false);
  const page = await readPage(ctx, call);
  return listAnswer(call, page);
}

/** A page as the answer to who asked for it. */
export function listAnswer(call: Call, page: Page): ApiResponse {
  const { kind } = call;
  return {
    kind: "list",
    apiVersion: formatApiVersion(kind),
    listKind: kind.listKind ?? `${kind.kind}List`,
    ...(kind.decode !== undefined && { hasTypedItems: true }),
    metadata: page.metadata,
    items: page.entries.map(({ item }) => item),
    warnings: warningsOf(call),
  };
}

export async function readPage(ctx: HandlerContext, call: Call): Promise<Page> {
  const { request, kind } = call;
  const selection = selectionOf(kind, request);
  const limit = Math.max(0, request.options.limit ?? 0);
  const prefix = collectionPrefix(kind, request.namespace);
  const position = request.options.continue ? continued(prefix, request) : undefined;
  const found = await indexedPage(ctx, call, selection, prefix, limit);
  if (found !== undefined) return found;
  const snapshot = await snapshotFor(ctx, request, prefix, position, limit);
  if (limit === 0 && position === undefined && selection.name) {
    return singlePage(ctx, call, snapshot, selection, prefix);
  }
  return pageOf(ctx, call, snapshot, { selection, prefix, afterKey: position?.afterKey, limit });
}

function continued(prefix: string, request: ApiRequest): ListPosition {
  const { resourceVersion } = request.options;
  if (resourceVersion && resourceVersion !== "0") {
    throw errors.badRequest("specifying resource version is not allowed when using continue");
  }
  return decodeContinue(prefix, request.options.continue ?? "");
}

async function snapshotFor(
  ctx: HandlerContext,
  request: ApiRequest,
  prefix: string,
  position: ListPosition | undefined,
  limit: number,
): Promise<Snapshot> {
  const { store } = ctx;
  if (position !== undefined) return continuedSnapshot(ctx, prefix, position);
  const wanted = parseRevision(request.options.resourceVersion);
  if (wanted === undefined) return store.list(prefix);
  // Any state will do: the one that is here, without asking etcd whether there is a newer one.
  if (wanted === 0) return store.list(prefix, store.revision);
  const match = request.options.resourceVersionMatch ?? "";
  const isExact = match === "Exact" || (match === "" && limit > 0);
  await requireRevision(store, wanted);
  return isExact ? exactSnapshot(ctx, prefix, wanted) : store.list(prefix, store.revision);
}

async function exactSnapshot(ctx: HandlerContext, prefix: string, at: Revision): Promise<Snapshot> {
  try {
    return await ctx.store.list(prefix, at);
  } catch (err) {
    throw revisionError(err, at, ctx.store.revision);
  }
}

async function continuedSnapshot(ctx: HandlerContext, prefix: string, position: ListPosition): Promise<Snapshot> {
  try {
    return await ctx.store.list(prefix, position.revision);
  } catch (err) {
    if (err instanceof CompactedError) throw expiredContinue(prefix, position);
    throw revisionError(err, position.revision ?? 0, ctx.store.revision);
  }
}

/** 410 with a token that goes on from the same place in the newest revision. */
function expiredContinue(prefix: string, position: ListPosition): ApiError {
  const message =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or " +
    "deleted between the time the first chunk was returned and now may show up in the list.";
  const { status } = errors.resourceExpired(message);
  return new ApiError({ ...status, metadata: { continue: encodeContinue(prefix, position.afterKey, undefined) } });
}

/** The answer by an index, where that tells all that matches and the newest state is good enough. */
async function indexedPage(
  ctx: HandlerContext,
  call: Call,
  selection: Selection,
  prefix: string,
  limit: number,
): Promise<Page | undefined> {
  const { continue: position, resourceVersion, resourceVersionMatch } = call.request.options;
  if (position || (resourceVersion && resourceVersion !== "0") || resourceVersionMatch) return undefined;
  const found = await candidates(ctx, call.kind, selection, prefix);
  if (found === undefined || (limit > 0 && found.entries.length > limit)) return undefined;
  const entries = found.entries.flatMap((entry) => {
    const item = answered(call.kind, entry);
    return selection.matches(item.object) ? { entry, item } : [];
  });
  return { entries, metadata: { resourceVersion: String(found.snapshot.revision) } };
}

/** At most one object can match: it is read without walking the collection, when its key is known. */
async function singlePage(
  ctx: HandlerContext,
  call: Call,
  snapshot: Snapshot,
  selection: Selection,
  prefix: string,
): Promise<Page> {
  const { kind, request } = call;
  const namespace = request.namespace || selection.namespace;
  if (kind.namespaced && !namespace) return pageOf(ctx, call, snapshot, { selection, prefix, limit: 0 });
  const key = kind.namespaced
    ? `${kind.storagePrefix}/${namespace}/${selection.name}`
    : `${kind.storagePrefix}/${selection.name}`;
  const entries: { entry: Entry; item: ListItem }[] = [];
  const entry = key.startsWith(prefix) ? entryAt(snapshot, key) : undefined;
  const item = entry && answered(kind, entry);
  if (entry && item && selection.matches(item.object)) entries.push({ entry, item });
  return { entries, metadata: { resourceVersion: String(snapshot.revision) } };
}

interface PageOptions {
  readonly selection: Selection;
  readonly prefix: string;
  readonly afterKey?: string | undefined;
  /** 0 for no limit. */
  readonly limit: number;
}

/** So many entries are looked at between two looks at the clock. */
const entriesAtOnce = 256;

async function pageOf(ctx: HandlerContext, call: Call, snapshot: Snapshot, options: PageOptions): Promise<Page> {
  const { selection, prefix, afterKey, limit } = options;
  const { kind } = call;
  const entries: { entry: Entry; item: ListItem }[] = [];
  const slice = new TimeSlice(ctx.host.clock);
  let last: string | undefined;
  let more = false;
  let seen = 0;
  for (const entry of snapshot.entries(afterKey)) {
    if (limit > 0 && entries.length === limit) {
      more = true;
      break;
    }
    last = entry.key;
    const item = listed(kind, entry);
    if (selection.isEmpty || selection.matches(item.object)) entries.push({ entry, item });
    if (++seen % entriesAtOnce === 0 && slice.isOver) await slice.next();
  }
  const metadata: ListMeta = { resourceVersion: String(snapshot.revision) };
  if (more && last !== undefined) {
    metadata.continue = encodeContinue(prefix, last, snapshot.revision);
    if (selection.isEmpty) metadata.remainingItemCount = snapshot.count(last);
  }
  return { entries, metadata };
}
