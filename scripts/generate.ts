/**
 * Writes the checked-in tables and types from the reference data: `node scripts/generate.ts [FOLDER]`. Facts only:
 * names, types, keys, numbers; no texts.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCriDescriptor } from "./generate-cri.ts";
import { buildResources } from "./generate-resources.ts";
import { buildTables, type CompactPackage } from "./generate-schema.ts";
import { readSource, type Source } from "./generate-source.ts";
import { buildTypes } from "./generate-types.ts";
import { buildLineBreaks } from "./line-breaks.ts";

const header = "// Made by scripts/generate.ts; do not edit.\n";

/** Path below the repository's root to the content. */
export function generate(source: Source): Map<string, string> {
  const tables = buildTables(source);
  const files = new Map<string, string>();
  files.set("src/api/schema/generated/published.ts", packagesFile(tables.published));
  files.set("src/api/schema/generated/unpublished.ts", packagesFile(tables.unpublished));
  files.set("src/api/schema/generated/kinds.ts", `${header}export const kinds = ${literal(tables.kinds)};\n`);
  files.set(
    "src/api/kinds/generated/resources.ts",
    `${header}export const resources = ${literal(buildResources(source.discovery))};\n`,
  );
  const breaks = JSON.stringify(buildLineBreaks(source.openApi.definitions));
  files.set("scripts/generated/line-breaks.json", `${breaks}\n`);
  for (const [path, content] of buildTypes(source, tables)) files.set(path, header + content);
  return files;
}

/** A JSON text per package: parsed when a definition of the package is first asked for. */
function packagesFile(packages: ReadonlyMap<string, CompactPackage>): string {
  const lines = [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, definitions]) => `  ${JSON.stringify(name)}: ${literal(definitions)},\n`);
  return `${header}export const packages: Readonly<Record<string, string>> = {\n${lines.join("")}};\n`;
}

function literal(value: unknown): string {
  return `'${JSON.stringify(value).replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** What is made without the API's schemas. */
export function generateCri(folder: string): Map<string, string> {
  const descriptor = literal(buildCriDescriptor(join(folder, "cri-proto.json")));
  return new Map([
    ["src/kubelet/runtime/cri/generated/descriptor.ts", `${header}export const descriptor = ${descriptor};\n`],
  ]);
}

export const generatedFolders = [
  "src/kubelet/runtime/cri/generated",
  "src/api/schema/generated",
  "src/api/kinds/generated",
  "src/api/types/generated",
  "scripts/generated",
];

function main(): void {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..");
  const folder = process.argv[2] ?? join(root, "../shared/spec");
  const files = new Map([...generate(readSource(folder)), ...generateCri(folder)]);
  for (const folder of generatedFolders) {
    mkdirSync(join(root, folder), { recursive: true });
    for (const file of readdirSync(join(root, folder))) {
      if (!files.has(`${folder}/${file}`)) rmSync(join(root, folder, file));
    }
  }
  for (const [path, content] of files) writeFileSync(join(root, path), content);
  console.log(`${files.size} files written`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
