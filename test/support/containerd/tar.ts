// A tar file from what is in memory: enough for image layers and OCI archives, with the same bytes every time.
export interface TarEntry {
  readonly path: string;
  /** Absent for a folder or a link. */
  readonly content?: Buffer;
  readonly linkTo?: string;
  readonly mode?: number;
}

const blockBytes = 512;

export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    parts.push(header(entry));
    if (entry.content === undefined) continue;
    parts.push(entry.content, Buffer.alloc((blockBytes - (entry.content.length % blockBytes)) % blockBytes));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function header({ path, content, linkTo, mode }: TarEntry): Buffer {
  const isFolder = content === undefined && linkTo === undefined;
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number) => {
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  };
  block.write(isFolder && !path.endsWith("/") ? `${path}/` : path, 0, 100, "utf8");
  octal(mode ?? (content !== undefined ? 0o644 : 0o755), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content?.length ?? 0, 124, 12);
  octal(0, 136, 12);
  block.fill(" ", 148, 156);
  block.write(linkTo !== undefined ? "2" : isFolder ? "5" : "0", 156, "latin1");
  block.write(linkTo ?? "", 157, 100, "utf8");
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
