import { crc32 } from "node:zlib";
import type { EncodedBytes } from "./encoded-bytes.ts";
import type { ValueTransformer } from "./encryption/index.ts";
import { type EntryFacts, StoredEntry } from "./entry.ts";
import { StoreError } from "./store.ts";

// A record on disk: CRC-32 of the key and of all that follows (4 bytes), then revision, creating revision and expiry in ms
// (0: never), each 6 bytes big endian, then the JSON, encrypted where that is configured.
const checksumBytes = 4;
const numberBytes = 6;
const headerBytes = checksumBytes + 3 * numberBytes;

/** The record of an entry; the entry remembers in which form. */
export function encodeRecord(entry: StoredEntry, transformer: ValueTransformer): Buffer {
  let record: Buffer;
  if (transformer.isPlain(entry.key)) {
    record = entry.encodeWithHeader(headerBytes);
    entry.form = transformer.plainForm;
  } else {
    const { bytes, form } = transformer.toStorage(entry.key, entry.json());
    record = Buffer.allocUnsafe(headerBytes + bytes.length);
    bytes.copy(record, headerBytes);
    entry.form = form;
  }
  record.writeUIntBE(entry.revision, checksumBytes, numberBytes);
  record.writeUIntBE(entry.createRevision, checksumBytes + numberBytes, numberBytes);
  record.writeUIntBE(entry.expiresAtMs, checksumBytes + 2 * numberBytes, numberBytes);
  record.writeUInt32BE(checksumOf(entry.key, record), 0);
  return record;
}

/** What a record says beside its value. @throws StoreError when it is damaged. */
export function readRecord(key: Buffer, record: Buffer): { readonly facts: EntryFacts; readonly value: Buffer } {
  if (record.length <= headerBytes) throw new StoreError("it is too short");
  if (record.readUInt32BE(0) !== checksumOf(key, record)) throw new StoreError("its checksum is wrong");
  const facts = {
    key: key.toString(),
    revision: record.readUIntBE(checksumBytes, numberBytes),
    createRevision: record.readUIntBE(checksumBytes + numberBytes, numberBytes),
    expiresAtMs: record.readUIntBE(checksumBytes + 2 * numberBytes, numberBytes),
  };
  return { facts, value: record.subarray(headerBytes) };
}

/** The entry of a record, which is parsed when that is needed. @throws StoreError */
export function decodeRecord(
  key: Buffer,
  record: Buffer,
  encoded: EncodedBytes,
  transformer: ValueTransformer,
): StoredEntry {
  const { facts, value: bytes } = readRecord(key, record);
  const { value, form } = transformer.fromStorage(facts.key, bytes);
  const entry = StoredEntry.ofBytes(facts, encoded, value);
  entry.form = form;
  return entry;
}

/** Records of format 1 had no checksum. */
export function recordOfFormat1(key: Buffer, old: Buffer): Buffer {
  const record = Buffer.alloc(checksumBytes + old.length);
  old.copy(record, checksumBytes);
  record.writeUInt32BE(checksumOf(key, record), 0);
  return record;
}

function checksumOf(key: Buffer | string, record: Buffer): number {
  return crc32(record.subarray(checksumBytes), crc32(key));
}
