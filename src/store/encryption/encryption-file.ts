import { readFile } from "node:fs/promises";
import type { Host, Timer } from "../../host/index.ts";
import { EncryptionConfigError, parseEncryptionConfiguration, type ResourceConfig } from "./configuration.ts";
import { Encryption } from "./encryption.ts";

/** How often the file is looked at, as the original does. */
const reloadIntervalMs = 60_000;

export interface EncryptionFileOptions {
  /** Whether a changed file takes effect without a restart (--encryption-provider-config-automatic-reload). */
  readonly automaticReload?: boolean;
}

export interface EncryptionFile {
  readonly encryption: Encryption;
  /** No longer looks at the file. */
  close(): void;
}

/** Encryption as a file says. @throws EncryptionConfigError */
export async function openEncryptionFile(
  host: Host,
  path: string,
  { automaticReload = false }: EncryptionFileOptions = {},
): Promise<EncryptionFile> {
  let text = await read(path);
  const encryption = await Encryption.create(host.random, await parse(path, text));
  let timer: Timer | undefined;
  let closed = false;
  const reload = async () => {
    try {
      const next = await read(path);
      if (!next.equals(text)) {
        await encryption.configure(await parse(path, next));
        text = next;
        host.log.info("the encryption configuration was loaded again", { file: path });
      }
    } catch (error) {
      host.log.error("the encryption configuration stays as it was", { error });
    }
    arm();
  };
  const arm = () => {
    if (automaticReload && !closed) timer = host.clock.setTimer(reloadIntervalMs, () => void reload());
  };
  arm();
  const close = () => {
    closed = true;
    timer?.cancel();
  };
  return { encryption, close };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new EncryptionConfigError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function parse(path: string, text: Buffer): Promise<readonly ResourceConfig[]> {
  try {
    return await parseEncryptionConfiguration(text);
  } catch (error) {
    if (error instanceof EncryptionConfigError) throw new EncryptionConfigError(`${path}: ${error.message}`);
    throw error;
  }
}
