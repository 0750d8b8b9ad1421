import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Descriptions } from "./openapi-schemas.ts";

const fileName = "descriptions.json";
/** From the deepest place this module may run from (built as a library) up to the folder of the package. */
const foldersUpwards = 4;

let read: { descriptions: Descriptions | undefined } | undefined;

/**
 * The texts of the published types and fields, as the build left them; undefined in a checkout that was not built.
 * The file is read when it is first asked for and then kept.
 */
export function publishedDescriptions(): Descriptions | undefined {
  read ??= { descriptions: readDescriptions() };
  return read.descriptions;
}

/** The text of a field such as `io.k8s.api.core.v1.ConfigMap.data`, or none. */
export function publishedFieldText(field: string): string | undefined {
  const dot = field.lastIndexOf(".");
  return publishedDescriptions()?.[field.slice(0, dot)]?.[1][field.slice(dot + 1)];
}

function readDescriptions(): Descriptions | undefined {
  const file = findFile();
  return file === undefined ? undefined : (JSON.parse(readFileSync(file, "utf8")) as Descriptions);
}

/** The code runs from src/, from dist/lib/ or as a bundle in dist/bin/. */
function findFile(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let i = 0; i < foldersUpwards; i++) {
    for (const file of [join(folder, fileName), join(folder, "dist", fileName)]) if (existsSync(file)) return file;
    folder = dirname(folder);
  }
  return undefined;
}
