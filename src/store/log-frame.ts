import { crc32 } from "node:zlib";
import type { JournalRecord } from "./journal.ts";
import type { Revision } from "./store.ts";

// A frame is what one flush adds to the log: its header, then every record. All numbers are big endian.
//    0  magic (4), which no text in UTF-8 has
//    4  CRC-32 of all that follows, up to the end of the last record (4)
//    8  bytes of the records (4)
//   12  epoch (4)
//   16  first and last revision, and the newest one that was flushed before this was written (6 each)
// A record is the length of its key (2), the length of its value (4, all ones: the key is removed), key, value.
const magic = 0xff53_4c31;
const checksumAt = 4;
const bodyBytesAt = 8;
const epochAt = 12;
const firstAt = 16;
const lastAt = 22;
const flushedAt = 28;
const headerBytes = 34;
const revisionBytes = 6;
const recordHeadBytes = 6;
const removed = 0xffff_ffff;

/**
 * Frames begin at multiples of this, so that none shares a page or a sector with another one: what a power failure does
 * to the one that is being written cannot reach those that were acknowledged.
 */
export const frameAlignment = 4096;

export interface FrameHead {
  /** Of which opening of the store it is; frames of earlier ones are waste. */
  readonly epoch: number;
  readonly first: Revision;
  readonly last: Revision;
  /** All up to this revision was flushed before this frame was written. */
  readonly flushed: Revision;
}

/** A frame as it was found in a file. */
export interface Frame extends FrameHead {
  /** With what fills its last page. */
  readonly bytes: number;
  /** Its records; their values are views of the file's bytes. */
  readonly records: Buffer;
}

/** How much is kept for the next frame; larger ones get bytes of their own. */
const keptBytes = 1024 * 1024;

/** Makes frames, each in the bytes of the one before it: a frame is valid until the next one is made. */
export class FrameEncoder {
  #kept: Buffer | undefined;

  encode(head: FrameHead, records: readonly JournalRecord[]): Buffer {
    let bytes = headerBytes;
    for (const { key, value } of records) bytes += recordHeadBytes + Buffer.byteLength(key) + (value?.length ?? 0);
    const frame = this.#take(Math.ceil(bytes / frameAlignment) * frameAlignment);
    let at = headerBytes;
    for (const record of records) at = writeRecord(frame, at, record);
    frame.fill(0, at);
    frame.writeUInt32BE(magic, 0);
    frame.writeUInt32BE(at - headerBytes, bodyBytesAt);
    frame.writeUInt32BE(head.epoch, epochAt);
    frame.writeUIntBE(head.first, firstAt, revisionBytes);
    frame.writeUIntBE(head.last, lastAt, revisionBytes);
    frame.writeUIntBE(head.flushed, flushedAt, revisionBytes);
    frame.writeUInt32BE(crc32(frame.subarray(bodyBytesAt, at)), checksumAt);
    return frame;
  }

  #take(bytes: number): Buffer {
    if (bytes > keptBytes) return Buffer.allocUnsafeSlow(bytes);
    this.#kept ??= Buffer.allocUnsafeSlow(keptBytes);
    return this.#kept.subarray(0, bytes);
  }
}

function writeRecord(frame: Buffer, at: number, { key, value }: JournalRecord): number {
  const keyAt = at + recordHeadBytes;
  const keyBytes = frame.write(key, keyAt);
  frame.writeUInt16BE(keyBytes, at);
  frame.writeUInt32BE(value?.length ?? removed, at + 2);
  const valueAt = keyAt + keyBytes;
  if (value === undefined) return valueAt;
  frame.set(value, valueAt);
  return valueAt + value.length;
}

/** What the header at a place of a file says, whether the frame is whole or not; undefined where none begins. */
export function readFrameHead(file: Buffer, at: number): FrameHead | undefined {
  if (at + headerBytes > file.length || file.readUInt32BE(at) !== magic) return undefined;
  return {
    epoch: file.readUInt32BE(at + epochAt),
    first: file.readUIntBE(at + firstAt, revisionBytes),
    last: file.readUIntBE(at + lastAt, revisionBytes),
    flushed: file.readUIntBE(at + flushedAt, revisionBytes),
  };
}

/** The frame whose header is at a place of a file; undefined unless all of it is there and unchanged. */
export function readFrame(file: Buffer, at: number, head: FrameHead): Frame | undefined {
  const end = at + headerBytes + file.readUInt32BE(at + bodyBytesAt);
  if (end > file.length) return undefined;
  if (crc32(file.subarray(at + bodyBytesAt, end)) !== file.readUInt32BE(at + checksumAt)) return undefined;
  const bytes = Math.ceil((end - at) / frameAlignment) * frameAlignment;
  return { ...head, bytes, records: file.subarray(at + headerBytes, end) };
}

/** The records of a frame that is whole, in the order in which they were written. */
export function* recordsOf({ records }: Frame): Generator<JournalRecord> {
  for (let at = 0; at < records.length; ) {
    const keyAt = at + recordHeadBytes;
    const valueAt = keyAt + records.readUInt16BE(at);
    const valueBytes = records.readUInt32BE(at + 2);
    const key = records.toString("utf8", keyAt, valueAt);
    at = valueAt + (valueBytes === removed ? 0 : valueBytes);
    yield valueBytes === removed ? { key } : { key, value: records.subarray(valueAt, at) };
  }
}
