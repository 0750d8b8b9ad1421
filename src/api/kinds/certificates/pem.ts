export interface PemBlock {
  readonly type: string;
  readonly bytes: Buffer;
}

const block = /-----BEGIN ([^\r\n-]*)-----\r?\n([A-Za-z0-9+/=\s:,-]*?)-----END \1-----/g;

/** The blocks of a PEM text, in their order; what stands between them is passed over. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(block)].map(([, type = "", body = ""]) => ({ type, bytes: Buffer.from(body, "base64") }));
}

/** Whether the bytes are one whole DER sequence: the outside of every certificate and request. */
export function isWholeSequence(bytes: Buffer): boolean {
  const first = bytes[1];
  if (bytes[0] !== 0x30 || first === undefined) return false;
  if (first < 0x80) return bytes.length === 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4 || bytes.length < 2 + count) return false;
  return bytes.length === 2 + count + bytes.readUIntBE(2, count);
}
