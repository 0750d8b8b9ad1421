import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataFolder, defaultDataDir, processUsing } from "../cluster/index.ts";
import { systemHost } from "../host/index.ts";
import {
  checkStore,
  openEncryptionFile,
  readSnapshotStatus,
  restoreSnapshot,
  type SnapshotStatus,
  saveSnapshot,
} from "../store/index.ts";
import type { OutputFlags, PlaceFlags } from "./store-commands.ts";
import { CommandError, type Surroundings } from "./surroundings.ts";

const storeName = "store";
const dataName = "data.mdb";

/** `sampan store check`. @throws CommandError when something is damaged, or the store is in use. */
export async function check(
  dir: string,
  flags: OutputFlags & { readonly encryptionProviderConfig?: string },
  around: Surroundings,
): Promise<void> {
  const { folder, store } = placesOf(dir);
  const lock = DataFolder.open(folder);
  try {
    const encryption = await encryptionOf(flags.encryptionProviderConfig);
    const report = await checkStore(store, encryption);
    if (flags.output === "json") print(around, JSON.stringify(report));
    else for (const problem of report.problems) print(around, problem);
    if (report.problemCount > 0) {
      throw new CommandError(
        `${store} is damaged: ${report.problemCount} problem${report.problemCount > 1 ? "s" : ""}`,
      );
    }
    if (flags.output === "text") {
      const sealed = report.sealed > 0 ? ` (${report.sealed} encrypted: only their checksums were checked)` : "";
      print(around, `${store} is whole: revision ${report.revision}, ${report.objects} objects${sealed}`);
    }
  } finally {
    lock.release();
  }
}

/** `sampan store snapshot save` */
export async function save(file: string, flags: OutputFlags & PlaceFlags, around: Surroundings): Promise<void> {
  const folder = folderOf(flags, around);
  const isRunning = processUsing(folder) !== undefined;
  const lock = isRunning || !existsSync(folder) ? undefined : DataFolder.open(folder);
  try {
    const nowMs = systemHost().clock.now();
    const status = await saveSnapshot(join(folder, storeName), file, { isRunning, nowMs });
    tell(status, flags, around, `saved to ${file}`);
  } finally {
    lock?.release();
  }
}

/** `sampan store snapshot restore` */
export async function restore(
  file: string,
  flags: OutputFlags & PlaceFlags & { readonly bumpRevision?: number },
  around: Surroundings,
): Promise<void> {
  const folder = folderOf(flags, around);
  readSnapshotStatus(file); // before anything is made
  const lock = DataFolder.open(folder);
  try {
    const status = await restoreSnapshot(file, join(folder, storeName), { bumpRevision: flags.bumpRevision });
    tell(status, flags, around, `restored into ${folder}`);
    if (flags.output === "text" && !existsSync(join(folder, "pki"))) {
      print(
        around,
        "The keys of the cluster are not in a snapshot: copy the folder pki of the old data folder there, or tokens and\n" +
          "kubeconfigs of the old cluster are not accepted by the new one.",
      );
    }
  } finally {
    lock.release();
  }
}

/** `sampan store snapshot status` */
export function status(file: string, flags: OutputFlags, around: Surroundings): void {
  tell(readSnapshotStatus(file), flags, around, file);
}

function tell(found: SnapshotStatus, flags: OutputFlags, around: Surroundings, what: string): void {
  if (flags.output === "json") {
    print(around, JSON.stringify({ ...found, time: new Date(found.timeMs).toISOString(), timeMs: undefined }));
    return;
  }
  const { revision, objects, bytes, digest, timeMs } = found;
  print(around, `${what}: revision ${revision}, ${objects} objects, ${bytes} bytes`);
  print(around, `taken ${new Date(timeMs).toISOString()}, SHA-256 ${digest}`);
}

/** @throws CommandError when there is no store. */
function placesOf(dir: string): { folder: string; store: string } {
  if (existsSync(join(dir, storeName, dataName))) return { folder: dir, store: join(dir, storeName) };
  if (existsSync(join(dir, dataName))) return { folder: dirname(join(dir, ".")), store: dir };
  throw new CommandError(`there is no store in ${dir}: name the data folder of a cluster (--data-dir of sampan up)`);
}

function folderOf(flags: PlaceFlags, around: Surroundings): string {
  return flags.dataDir ?? defaultDataDir(flags.name, around.env);
}

async function encryptionOf(file: string | undefined) {
  return file === undefined ? undefined : (await openEncryptionFile(systemHost(), file)).encryption;
}

function print(around: Surroundings, line: string): void {
  around.stdout.write(`${line}\n`);
}
