import type { Revision } from "../store.ts";
import type { KeyValue, RangeAnswer } from "./messages.ts";

/** The original's largest page. */
const pageKeysMax = 10_000;

/** A whole range page by page, all at the revision of the first page (or the one given). */
export async function readPages(
  ask: (request: object) => Promise<RangeAnswer>,
  range: { readonly key: Buffer; readonly rangeEnd: Buffer },
  at?: Revision,
): Promise<{ revision: Revision; kvs: KeyValue[] }> {
  const kvs: KeyValue[] = [];
  let revision = at;
  let key = range.key;
  for (;;) {
    const answer = await ask({ key, rangeEnd: range.rangeEnd, limit: pageKeysMax, revision: revision ?? 0 });
    revision ??= answer.header.revision;
    for (const kv of answer.kvs) kvs.push(kv);
    const last = answer.kvs.at(-1);
    if (!answer.more || last === undefined) return { revision, kvs };
    key = Buffer.concat([last.key, Buffer.from([0])]);
  }
}
