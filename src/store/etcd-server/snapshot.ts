import { createHash } from "node:crypto";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { Store } from "../store.ts";
import { type BoltPair, boltFile } from "./bolt-file.ts";
import type { KeyValues } from "./key-values.ts";
import type { KeyValue } from "./messages.ts";

const chunkBytes = 256 * 1024;

interface Ports {
  readonly store: Store;
  readonly values: KeyValues;
  header(revision?: number): object;
}

/**
 * Sends the present state as a database file of etcd, followed by its SHA-256, as etcd itself does: `etcdctl snapshot save`
 * keeps it, and `etcdctl snapshot restore` makes a member of a real etcd of it. Every key is there with its newest version;
 * leases are not, so that nothing ends unasked.
 */
export async function writeSnapshot(
  { store, values, header }: Ports,
  stream: ServerWritableStream<object, object>,
): Promise<void> {
  const snapshot = await store.list("");
  const pairs = Array.from(snapshot.entries(), (entry) => values.of(entry))
    .sort((a, b) => a.modRevision - b.modRevision)
    .map(revisioned());
  const meta = [{ key: Buffer.from("consistent_index"), value: bigEndian(1) }];
  const pages = boltFile({ key: pairs, meta });
  const hash = createHash("sha256");
  for (const page of pages) hash.update(page);
  const parts = [...pages, hash.digest()];
  let remaining = parts.reduce((sum, part) => sum + part.length, 0);
  const headerNow = header(snapshot.revision);
  for (const part of parts) {
    for (let at = 0; at < part.length; at += chunkBytes) {
      const blob = part.subarray(at, at + chunkBytes);
      remaining -= blob.length;
      if (!stream.write({ header: headerNow, remainingBytes: remaining, blob })) await drained(stream);
      if (stream.cancelled) return;
    }
  }
  stream.end();
}

function drained(stream: ServerWritableStream<object, object>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("cancelled", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("cancelled", done);
  });
}

/** The key of etcd's file: the revision, and the place within it. */
function revisioned(): (kv: KeyValue) => BoltPair {
  let revision = 0;
  let place = 0;
  return (kv) => {
    place = kv.modRevision === revision ? place + 1 : 0;
    revision = kv.modRevision;
    const key = Buffer.concat([bigEndian(revision), Buffer.from("_"), bigEndian(place)]);
    return { key, value: encodeKeyValue(kv) };
  };
}

function bigEndian(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
}

/** mvccpb.KeyValue without a lease. */
function encodeKeyValue({ key, value, createRevision, modRevision, version }: KeyValue): Buffer {
  return Buffer.concat([
    ...[varint(0x0a), varint(key.length), key],
    ...[varint(0x10), varint(createRevision), varint(0x18), varint(modRevision), varint(0x20), varint(version)],
    ...[varint(0x2a), varint(value.length), value],
  ]);
}

function varint(number: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(number);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
