/**
 * Writes dist/descriptions.json, the texts of `kubectl explain`: taken at build time from the typings of
 * @kubernetes/client-node and, where those have none, kubernetes-types; never committed.
 * `node scripts/descriptions.ts [OUTPUT]`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publishedDefinitions } from "../src/api/schema/index.ts";
import { fieldTextReader } from "./field-texts.ts";
import { type AllLineBreaks, type LineBreaks, withLines } from "./line-breaks.ts";
import { readParameterTexts } from "./parameter-texts.ts";

type Texts = [text: string, fields: Record<string, string>];

/** Fields of this type have its text there instead of their own. */
const textOfIntOrString = "IntOrString is a type that can hold an int32 or a string.";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Definition to its text and its fields' texts. */
export function readDescriptions(models: string, types: string): Record<string, Texts> {
  const fieldTextsOf = fieldTextReader(types);
  const descriptions: Record<string, Texts> = {};
  const breaks: AllLineBreaks = JSON.parse(readFileSync(join(root, "scripts/generated/line-breaks.json"), "utf8"));
  for (const definition of publishedDefinitions()) {
    const name = modelNames(definition).find((n) => existsSync(join(models, `${n}.d.ts`)));
    if (name === undefined) continue;
    const typings = readFileSync(join(models, `${name}.d.ts`), "utf8");
    const code = readFileSync(join(models, `${name}.js`), "utf8");
    const [text, fields] = readModel(typings, code);
    const own = Object.entries(fields).filter(([, told]) => !told.startsWith(textOfIntOrString));
    const all = { ...fields, ...Object.fromEntries(fieldTextsOf(definition)), ...Object.fromEntries(own) };
    descriptions[definition] = inLines([text, all], breaks[definition] ?? {});
  }
  return descriptions;
}

/** `CoreV1Event` and `V1Event` of `io.k8s.api.core.v1.Event`: names that groups share have the group in front. */
function modelNames(definition: string): string[] {
  const [type = "", version = "", group = ""] = definition.split(".").reverse();
  const plain = capitalized(version) + type;
  return [capitalized(group) + plain, plain];
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** The typings have a space for each line break. */
function inLines([text, fields]: Texts, breaks: Readonly<Record<string, LineBreaks>>): Texts {
  const inLines = Object.entries(fields).map(([field, flat]) => [field, withLines(flat, breaks[field])]);
  return [withLines(text, breaks[""]), Object.fromEntries(inLines)];
}

function readModel(typings: string, code: string): Texts {
  const names = new Map<string, string>();
  for (const [, name = "", baseName = ""] of code.matchAll(/"name": "([^"]+)",\s*"baseName": "([^"]+)"/g)) {
    names.set(name, baseName);
  }
  const text = /\/\*\*\s*\n((?:\s*\*[^/].*\n)+)\s*\*\/\s*\nexport declare class/.exec(typings)?.[1];
  const fields: Record<string, string> = {};
  for (const [, comment = "", name = ""] of typings.matchAll(
    /\/\*\*\s*\n((?:\s*\*[^/].*\n)+)\s*\*\/\s*\n\s*'([^']+)'\??:/g,
  )) {
    fields[names.get(name) ?? name] = plainText(comment);
  }
  return [text === undefined ? "" : plainText(text), fields];
}

function plainText(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*\s?/, ""));
  return lines
    .join("\n")
    .trim()
    .replace(/\\(["'\\])/g, "$1")
    .replaceAll("*_/", "*/");
}

function main(): void {
  const output = process.argv[2] ?? join(root, "dist/descriptions.json");
  const packages = join(root, "node_modules");
  const client = join(packages, "@kubernetes/client-node/dist/gen");
  const descriptions = readDescriptions(join(client, "models"), join(packages, "kubernetes-types"));
  const parameters = readParameterTexts(readFileSync(join(client, "apis/CoreV1Api.d.ts"), "utf8"));
  // Requests' parameters are fields of what no published type describes.
  for (const [sort, texts] of Object.entries(parameters)) descriptions[`parameters.${sort}`] = inLines(["", texts], {});
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, JSON.stringify(descriptions));
  console.log(`${Object.keys(descriptions).length} definitions described in ${output}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
