import type { Entry } from "../store.ts";
import type { KeyValues } from "./key-values.ts";
import type { KeyValue, RangeRequest } from "./messages.ts";

/** The answer to a range over entries in key order: filtered, counted, sorted and cut as the request says. */
export function rangeAnswer(
  request: RangeRequest,
  entries: readonly Entry[],
  values: KeyValues,
): { kvs: KeyValue[]; more: boolean; count: number } {
  const count = entries.length;
  if (request.countOnly) return { kvs: [], more: false, count };
  const chosen = sorted(request, filtered(request, entries), values);
  const limit = Number(request.limit);
  const cut = limit > 0 ? chosen.slice(0, limit) : chosen;
  const kvs = cut.map((entry) => values.of(entry, request.keysOnly));
  return { kvs, more: cut.length < chosen.length, count };
}

function filtered(request: RangeRequest, entries: readonly Entry[]): readonly Entry[] {
  const minMod = Number(request.minModRevision);
  const maxMod = Number(request.maxModRevision) || Number.POSITIVE_INFINITY;
  const minCreate = Number(request.minCreateRevision);
  const maxCreate = Number(request.maxCreateRevision) || Number.POSITIVE_INFINITY;
  const isFiltered = minMod > 0 || minCreate > 0 || Number.isFinite(maxMod) || Number.isFinite(maxCreate);
  if (!isFiltered) return entries;
  return entries.filter(
    ({ revision, createRevision }) =>
      revision >= minMod && revision <= maxMod && createRevision >= minCreate && createRevision <= maxCreate,
  );
}

/** etcd sorts in rising order when a target other than the key is named without an order. */
function sorted(request: RangeRequest, entries: readonly Entry[], values: KeyValues): readonly Entry[] {
  const { sortOrder, sortTarget } = request;
  const order = sortOrder === "NONE" && sortTarget !== "KEY" ? "ASCEND" : sortOrder;
  if (order === "NONE" || (order === "ASCEND" && sortTarget === "KEY")) return entries;
  const compare = {
    KEY: (a: Entry, b: Entry) => (a.key < b.key ? -1 : 1),
    VERSION: (a: Entry, b: Entry) => values.versionOf(a) - values.versionOf(b),
    CREATE: (a: Entry, b: Entry) => a.createRevision - b.createRevision,
    MOD: (a: Entry, b: Entry) => a.revision - b.revision,
    VALUE: (a: Entry, b: Entry) => Buffer.compare(values.valueOf(a), values.valueOf(b)),
  }[sortTarget];
  return [...entries].sort(order === "DESCEND" ? (a, b) => compare(b, a) : compare);
}
