import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { type Host, hasCode } from "../host/index.ts";
import type { KeyPair } from "./key-pair.ts";
import { servingPair } from "./serving-pair.ts";

/** A certificate that ends sooner is made anew. */
const remainingMs = 24 * 60 * 60 * 1000;

/**
 * The serving certificate in a folder, as `NAME.crt` and `NAME.key`: the one that is there, as long as it holds and is for these
 * names; else a new one. So clients that learnt it find it again after a restart, and most starts sign nothing.
 */
export async function keptServingPair(
  host: Host,
  folder: string,
  name: string,
  names: readonly [string, ...string[]],
): Promise<KeyPair> {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const [cert, key] = await Promise.all([textOf(certFile), textOf(keyFile)]);
  if (cert !== undefined && key !== undefined && holds({ cert, key }, names, host.clock.now())) return { cert, key };
  const made = servingPair(host, names[0], names);
  await mkdir(folder, { recursive: true });
  // Whoever reads the folder at a bad moment finds a pair that does not match, and makes another.
  await writeFile(keyFile, made.key, { mode: 0o600 });
  await writeFile(certFile, made.cert);
  return made;
}

function holds({ cert, key }: KeyPair, names: readonly string[], nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return false;
    if (certificate.validToDate.getTime() < nowMs + remainingMs) return false;
    return names.every((one) => (isIP(one) ? certificate.checkIP(one) : certificate.checkHost(one)) !== undefined);
  } catch {
    return false; // no certificate, or no key
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
