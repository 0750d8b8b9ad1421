import type { Clock } from "../../host/index.ts";
import type { SimulatedFile, SimulatedFolder } from "../runtime/simulated/index.ts";
import type { ProjectedFiles } from "./files/atomic-writer.ts";

/** What was read so long ago is read again when a program looks: a program that waits for a change sees it. */
const staleMs = 10_000;

export interface WrittenFolderOptions {
  readonly inMemory?: boolean;
  readonly mode?: number;
  readonly gid?: number;
}

/** A volume into which programs write. */
export class WrittenFolder implements SimulatedFolder {
  readonly inMemory: boolean;
  readonly mode: number;
  readonly gid: number | undefined;
  readonly rarelyRead = false;
  readonly written = new Map<string, SimulatedFile>();

  constructor({ inMemory = false, mode = 0o777, gid }: WrittenFolderOptions = {}) {
    this.inMemory = inMemory;
    this.mode = mode;
    this.gid = gid;
  }

  async load(): Promise<void> {}

  get(path: string): SimulatedFile | undefined {
    return this.written.get(path);
  }

  paths(): Iterable<string> {
    return this.written.keys();
  }
}

export interface ShownFolderOptions {
  readonly clock: Clock;
  readonly inMemory: boolean;
  readonly rarelyRead: boolean;
  readonly gid?: number;
  /** @throws Error when something is missing */
  read(): Promise<ProjectedFiles>;
}

/** A volume that shows objects of the API. It is brought up to date when somebody reads in it, not before. */
export class ShownFolder implements SimulatedFolder {
  readonly mode = 0o777;
  readonly #options: ShownFolderOptions;
  #files: ReadonlyMap<string, SimulatedFile> = new Map();
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;

  constructor(options: ShownFolderOptions) {
    this.#options = options;
  }

  get inMemory(): boolean {
    return this.#options.inMemory;
  }

  get rarelyRead(): boolean {
    return this.#options.rarelyRead;
  }

  get gid(): number | undefined {
    return this.#options.gid;
  }

  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  get(path: string): SimulatedFile | undefined {
    const isStale = this.#options.clock.now() >= this.#loadedAtMs + staleMs;
    // Who reads does not wait; what is gone meanwhile stays as it was.
    if (isStale && Number.isFinite(this.#loadedAtMs)) this.load().catch(() => undefined);
    return this.#files.get(path);
  }

  paths(): Iterable<string> {
    return this.#files.keys();
  }

  async #load(): Promise<void> {
    const files = await this.#options.read();
    const shown = [...files].map(([path, { data, mode, uid }]): [string, SimulatedFile] => {
      // A group that owns a volume can read what its owner can.
      const shared = this.gid === undefined ? mode : mode | ((mode & 0o400) >> 3);
      const text = Buffer.from(data).toString();
      const bytes = Buffer.from(text).equals(data) ? undefined : data;
      return [path, { text, bytes, mode: shared, uid }];
    });
    this.#files = new Map(shown);
    this.#loadedAtMs = this.#options.clock.now();
  }
}
