import { constants } from "node:fs";
import { access, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../host/index.ts";
import { checkTrees } from "./lmdb-check.ts";
import { StoreError } from "./store.ts";

/** The file of the tree, in the folder of the store. */
export const dataFileName = "data.mdb";

// The first page of an LMDB file has 24 bytes of page header, then this number in the byte order of the machine.
const magicOffset = 24;
const magic = 0xbeefc0de;

/**
 * Makes sure that LMDB will be able to open the folder, creating it where needed: the native code ends the whole process
 * on a file that is not its own or that it may not open.
 * @throws StoreError, or the error of the file system
 */
export async function prepareFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  await checkLockFile(join(dir, "lock.mdb"));
  await checkDataFile(join(dir, dataFileName));
}

/**
 * Makes sure that LMDB can open the store in an existing folder that nobody has open; makes nothing.
 * @throws StoreError, or the error of the file system
 */
export async function checkFolder(dir: string): Promise<void> {
  const path = join(dir, dataFileName);
  await access(path, constants.R_OK);
  await checkDataFile(path);
}

async function checkDataFile(path: string): Promise<void> {
  const file = await openExisting(path);
  if (file === undefined) return;
  try {
    const head = Buffer.alloc(magicOffset + 4);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (bytesRead === 0) return; // LMDB takes an empty file for a new one
    const found = [head.readUInt32LE(magicOffset), head.readUInt32BE(magicOffset)];
    if (bytesRead < head.length || !found.includes(magic)) throw new StoreError(`${path} is damaged or no LMDB file`);
  } finally {
    await file.close();
  }
  checkTrees(path);
}

async function checkLockFile(path: string): Promise<void> {
  await (await openExisting(path))?.close();
}

async function openExisting(path: string) {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** The names of new files are durable only when their folder is. */
export async function flushFolder(dir: string): Promise<void> {
  const folder = await open(dir);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
