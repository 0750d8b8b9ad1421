import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { undefinedIfAbsent } from "../../host/index.ts";

const fileName = "userns";

interface Mapping {
  readonly hostId: number;
  readonly containerId: number;
  readonly length: number;
}

/** Which IDs a pod has is kept in its folder, as the original writes it: its containers have them as long as they run. */
export class MappingsFile {
  readonly #folder: string;

  /** @param folder the pod's */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The first of the pod's IDs and how many there are; undefined when it has none of its own. @throws Error for another file */
  async read(): Promise<{ readonly first: number; readonly length: number } | undefined> {
    const text = await readFile(join(this.#folder, fileName), "utf8").catch(undefinedIfAbsent);
    if (text === undefined || text === "") return undefined;
    const [users, groups] = parse(text);
    if (users?.length !== 1) throw invalid("no more than one mapping allowed.");
    if (groups?.length !== 1) throw invalid("GID and UID mappings should be identical.");
    const [[user], [group]] = [users, groups];
    if (user === undefined || JSON.stringify(user) !== JSON.stringify(group)) {
      throw invalid("GID and UID mapping should be identical");
    }
    if (user.containerId !== 0) throw invalid("UID 0 must be mapped");
    return { first: user.hostId, length: user.length };
  }

  /** The machine may go down at any moment: it is on the disk when this resolves. */
  async write(first: number, length: number): Promise<void> {
    const mapping: readonly Mapping[] = [{ hostId: first, containerId: 0, length }];
    const text = JSON.stringify({ uidMappings: mapping, gidMappings: mapping });
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    const next = join(this.#folder, `.${fileName}`);
    const file = await open(next, "w", 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, join(this.#folder, fileName));
    const folder = await open(this.#folder, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async remove(): Promise<void> {
    await rm(join(this.#folder, fileName), { force: true });
  }
}

function parse(text: string): readonly (readonly Mapping[] | undefined)[] {
  try {
    const { uidMappings, gidMappings } = JSON.parse(text) as Readonly<Record<string, readonly Mapping[] | undefined>>;
    return [uidMappings, gidMappings];
  } catch (cause) {
    throw new Error(`invalid user namespace mappings file: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function invalid(why: string): Error {
  return new Error(`invalid user namespace configuration: ${why}`);
}
