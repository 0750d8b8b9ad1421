/** A file as a simulated container has it: its text by its absolute path. */
export type Files = Iterable<readonly [string, string]>;

const blockBytes = 512;
const regular = new Set(["0", "\0", ""]);
const longName = "L";
const paxHeader = "x";

/** What `tar x` would do that the simulation cannot. */
export class TarError extends Error {
  override readonly name = "TarError";
}

/** The regular files of an archive, under a folder. @throws TarError for files that are no text: simulated files are. */
export function unpackTar(archive: Buffer, folder: string): Map<string, string> {
  const files = new Map<string, string>();
  let named: string | undefined;
  for (let at = 0; at + blockBytes <= archive.length; ) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) break;
    const size = octal(header, 124, 12);
    const content = archive.subarray(at + blockBytes, at + blockBytes + size);
    if (content.length < size) throw new TarError("tar: short read");
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
    const type = header.toString("latin1", 156, 157);
    if (type === longName) named = text(content, 0, content.length);
    else if (type === paxHeader) named = paxPath(content) ?? named;
    else {
      const prefix = text(header, 345, 155);
      const name = named ?? (prefix === "" ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`);
      named = undefined;
      if (regular.has(type)) files.set(absolute(folder, name), utf8(content, name));
    }
  }
  return files;
}

/** An archive of the files at or below a path, named as they were asked for. @throws TarError when there are none. */
export function packTar(files: Files, folder: string, path: string, nowMs: number): Buffer {
  const root = absolute(folder, path);
  const found = [...files].filter(([name]) => name === root || name.startsWith(`${root}/`));
  if (found.length === 0) throw new TarError(`tar: ${path}: No such file or directory`);
  const blocks = found.flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    const shown = (path + name.slice(root.length)).replace(/^\/+/, "");
    const padding = Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes);
    return [headerOf(shown, bytes.length, nowMs), bytes, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

/** The absolute form of a path as seen from a folder. */
export function absolute(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${folder}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function headerOf(name: string, size: number, nowMs: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > 100) throw new TarError(`tar: ${name}: name too long`);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0".repeat(2), 108);
  header.write(`${size.toString(8).padStart(11, "0")} `, 124);
  header.write(
    `${Math.floor(nowMs / 1000)
      .toString(8)
      .padStart(11, "0")} `,
    136,
  );
  header.write("        ", 148); // the checksum counts as spaces
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function octal(header: Buffer, at: number, length: number): number {
  return Number.parseInt(text(header, at, length).trim() || "0", 8);
}

function text(bytes: Buffer, at: number, length: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString("utf8", at, end < 0 || end > at + length ? at + length : end);
}

function paxPath(content: Buffer): string | undefined {
  return /^\d+ path=(.*)$/m.exec(content.toString())?.[1];
}

function utf8(content: Buffer, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw new TarError(`tar: ${name}: a simulated container holds text files only`);
  }
}
