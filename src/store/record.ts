import type { EncodedBytes } from "./encoded-bytes.ts";
import { StoredEntry } from "./entry.ts";
import { StoreError } from "./store.ts";

// A record on disk: revision, creating revision, expiry in ms (0: never), each 6 bytes big endian, then the JSON.
const numberBytes = 6;
export const recordHeaderBytes = 3 * numberBytes;

export function encodeRecord(entry: StoredEntry): Buffer {
  const record = entry.encodeWithHeader(recordHeaderBytes);
  record.writeUIntBE(entry.revision, 0, numberBytes);
  record.writeUIntBE(entry.createRevision, numberBytes, numberBytes);
  record.writeUIntBE(entry.expiresAtMs, 2 * numberBytes, numberBytes);
  return record;
}

/** The JSON is parsed when it is needed. @throws StoreError */
export function decodeRecord(key: string, record: Buffer, encoded: EncodedBytes): StoredEntry {
  if (record.length <= recordHeaderBytes) throw new StoreError(`the record of ${key} is damaged`);
  const facts = {
    key,
    revision: record.readUIntBE(0, numberBytes),
    createRevision: record.readUIntBE(numberBytes, numberBytes),
    expiresAtMs: record.readUIntBE(2 * numberBytes, numberBytes),
  };
  return StoredEntry.ofBytes(facts, encoded, record.subarray(recordHeaderBytes));
}
