import { posix } from "node:path";
import type { FileFacts, FileSystem } from "./shell/index.ts";

/** A file in a volume of simulated containers. */
export interface SimulatedFile {
  readonly text: string;
  /** Where they are not its text's. */
  readonly bytes?: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  readonly uid?: number;
}

/** What a volume of simulated containers holds. Paths are relative to it; the empty one is the volume itself. */
export interface SimulatedFolder {
  readonly inMemory: boolean;
  /** Permission bits of the folder. */
  readonly mode: number;
  readonly gid?: number;
  /** Costs requests that few programs need: loaded only for those that name its path. */
  readonly rarelyRead: boolean;
  /** Where a program's files go; a folder without it can only be read. */
  readonly written?: Map<string, SimulatedFile>;
  /** Reads what it shows unless that was just done. @throws Error when something that it is made from is missing */
  load(): Promise<void>;
  get(path: string): SimulatedFile | undefined;
  paths(): Iterable<string>;
}

/** A folder as a container sees it. */
export interface MountedFolder {
  readonly containerPath: string;
  /** What of the folder is mounted; all when empty. */
  readonly subPath: string;
  readonly readOnly: boolean;
  readonly folder: SimulatedFolder;
}

/** Finds the folders that a container mounts; asked when a program first needs them. */
export type FindMounts = () => Promise<readonly MountedFolder[]>;

export interface FilesOptions {
  readonly findMounts?: FindMounts;
  /** Told when one of the container's own files is written or deleted. */
  changed?(): void;
  /** Only what is mounted can be written. */
  readonly readOnlyRoot?: boolean;
}

interface Place {
  readonly mount: MountedFolder;
  readonly path: string;
}

const fileMode = 0o644;
const folderMode = 0o755;

/** The files of one simulated container: its own, and at some paths those of volumes. */
export class ContainerFiles implements FileSystem {
  readonly #own: Map<string, string>;
  #modes: Map<string, number> | undefined;
  readonly #findMounts: FindMounts | undefined;
  readonly #changed: (() => void) | undefined;
  readonly #readOnlyRoot: boolean;
  /** The deepest first. */
  #mounts: readonly MountedFolder[] | undefined;

  constructor(own: Map<string, string>, { findMounts, changed, readOnlyRoot = false }: FilesOptions = {}) {
    this.#own = own;
    this.#findMounts = findMounts;
    this.#changed = changed;
    this.#readOnlyRoot = readOnlyRoot;
  }

  /** Whether programs have nothing to wait for. */
  get isLoaded(): boolean {
    return this.#findMounts === undefined;
  }

  /** Brings the volumes up to date that a command may read. What cannot be had is not there. */
  async load(command: readonly string[]): Promise<void> {
    if (this.#findMounts === undefined) return;
    const found = this.#mounts ?? (await this.#findMounts());
    this.#mounts ??= [...found].sort((a, b) => b.containerPath.length - a.containerPath.length);
    const wanted = this.#mounts.filter(
      ({ folder, containerPath }) => !folder.rarelyRead || command.some((part) => part.includes(containerPath)),
    );
    await Promise.all(wanted.map(({ folder }) => folder.load().catch(() => undefined)));
  }

  get(path: string): string | undefined {
    const place = this.#placeOf(path);
    return place === undefined ? this.#own.get(normal(path)) : place.mount.folder.get(place.path)?.text;
  }

  bytes(path: string): Uint8Array | undefined {
    const place = this.#placeOf(path);
    return place?.mount.folder.get(place.path)?.bytes;
  }

  has(path: string): boolean {
    const place = this.#placeOf(path);
    return place === undefined ? this.#own.has(normal(path)) : place.mount.folder.get(place.path) !== undefined;
  }

  set(path: string, text: string): void {
    const place = this.#placeOf(path);
    if (place === undefined) {
      this.#own.set(normal(path), text);
      this.#changed?.();
    } else {
      const before = place.mount.folder.get(place.path);
      place.mount.folder.written?.set(place.path, { mode: fileMode, ...before, text, bytes: undefined });
    }
  }

  delete(path: string): boolean {
    const place = this.#placeOf(path);
    if (place === undefined) {
      this.#changed?.();
      return this.#own.delete(normal(path));
    }
    return place.mount.folder.written?.delete(place.path) ?? false;
  }

  *keys(): Generator<string> {
    for (const path of this.#own.keys()) if (this.#placeOf(path) === undefined) yield path;
    for (const { containerPath, subPath, folder } of this.#mounts ?? []) {
      for (const path of folder.paths()) {
        if (subPath === "") yield posix.join(containerPath, path);
        else if (path === subPath) yield containerPath;
        else if (path.startsWith(`${subPath}/`)) yield containerPath + path.slice(subPath.length);
      }
    }
  }

  *[Symbol.iterator](): Generator<[string, string]> {
    for (const path of this.keys()) yield [path, this.get(path) ?? ""];
  }

  isReadOnly(path: string): boolean {
    const mount = this.#placeOf(path)?.mount;
    if (mount === undefined) return this.#readOnlyRoot && !normal(path).startsWith("/dev/");
    return mount.readOnly || mount.folder.written === undefined;
  }

  chmod(path: string, mode: number): void {
    const place = this.#placeOf(path);
    if (place === undefined) {
      this.#modes ??= new Map();
      this.#modes.set(normal(path), mode);
    } else {
      const before = place.mount.folder.get(place.path);
      if (before !== undefined) place.mount.folder.written?.set(place.path, { ...before, mode });
    }
  }

  facts(path: string): FileFacts | undefined {
    const place = this.#placeOf(path);
    if (place === undefined) {
      const isFile = this.has(path);
      if (!isFile && !this.#isFolder(normal(path))) return undefined;
      const mode = this.#modes?.get(normal(path)) ?? (isFile ? fileMode : folderMode);
      return { mode, uid: 0, gid: 0, isFolder: !isFile, inMemory: false };
    }
    const { mode, gid = 0, inMemory } = place.mount.folder;
    const file = place.mount.folder.get(place.path);
    if (file !== undefined) return { mode: file.mode, uid: file.uid ?? 0, gid, isFolder: false, inMemory };
    const isWhole = place.path === place.mount.subPath;
    if (!isWhole && !this.#isFolder(normal(path))) return undefined;
    return { mode: isWhole ? mode : folderMode, uid: 0, gid, isFolder: true, inMemory };
  }

  #isFolder(path: string): boolean {
    if (path === "/") return true;
    for (const file of this.keys()) if (file.startsWith(`${path}/`)) return true;
    return false;
  }

  #placeOf(path: string): Place | undefined {
    if (this.#mounts === undefined || this.#mounts.length === 0) return undefined;
    const at = normal(path);
    for (const mount of this.#mounts) {
      const { containerPath, subPath } = mount;
      if (at === containerPath) return { mount, path: subPath };
      if (at.startsWith(`${containerPath}/`)) {
        return { mount, path: posix.join(subPath, at.slice(containerPath.length + 1)) };
      }
    }
    return undefined;
  }
}

/** Absolute, without `.` and `..` and doubled slashes. */
function normal(path: string): string {
  const whole = posix.normalize(path.startsWith("/") ? path : `/${path}`);
  return whole.length > 1 && whole.endsWith("/") ? whole.slice(0, -1) : whole;
}

/**
 * Has every file that was not deleted, empty but for those that were written: of a program that is not interpreted nothing
 * is known.
 */
export class AnyFiles extends Map<string, string> {
  readonly #deleted = new Set<string>();

  override has(path: string): boolean {
    return !this.#deleted.has(path);
  }

  override get(path: string): string | undefined {
    return this.has(path) ? (super.get(path) ?? "") : undefined;
  }

  override set(path: string, text: string): this {
    this.#deleted.delete(path);
    return super.set(path, text);
  }

  override delete(path: string): boolean {
    if (!this.has(path)) return false;
    super.delete(path);
    this.#deleted.add(path);
    return true;
  }
}
