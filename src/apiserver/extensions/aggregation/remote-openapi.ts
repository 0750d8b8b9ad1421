import type { JsonObject, JsonValue } from "../../../api/meta/index.ts";

/** What another server's OpenAPI documents say of one group version. */
export interface RemoteOpenApi {
  /** Where its document of version 3 is: a path with the hash in its query. */
  readonly v3Url?: string;
  /** Its part of the document of version 2. */
  readonly v2?: OpenApiPart;
}

export interface OpenApiPart {
  readonly paths: JsonObject;
  readonly definitions: JsonObject;
}

/** Reads `/openapi/v3`: where the group version's document is. */
export function v3UrlOf(index: JsonValue, path: string): string | undefined {
  const entry = objectAt(objectAt(index, "paths"), path.slice(1));
  const url = entry?.serverRelativeURL;
  return typeof url === "string" && url.startsWith(`/openapi/v3${path}`) ? url : undefined;
}

/** Takes out of `/openapi/v2` what is below a path, with the definitions that it needs. */
export function partOf(document: JsonValue, path: string): OpenApiPart {
  const all = objectAt(document, "paths") ?? {};
  const known = objectAt(document, "definitions") ?? {};
  const own = Object.entries(all).filter(([name]) => name === path || name.startsWith(`${path}/`));
  const definitions: JsonObject = {};
  const collect = (value: JsonValue): void => {
    for (const name of references(value)) {
      const definition = known[name];
      if (definition === undefined || definitions[name] !== undefined) continue;
      definitions[name] = definition;
      collect(definition);
    }
  };
  for (const [, operations] of own) collect(operations);
  return { paths: Object.fromEntries(own), definitions };
}

/** The document with the part in it. What both define the same way is there once; what differs gets another name. */
export function withPart(document: JsonObject, part: OpenApiPart): JsonObject {
  const definitions: JsonObject = { ...objectAt(document, "definitions") };
  const renamed = new Map<string, string>();
  for (const [name, definition] of Object.entries(part.definitions)) {
    const known = definitions[name];
    if (known === undefined || JSON.stringify(known) === JSON.stringify(definition)) continue;
    let version = 2;
    while (definitions[`${name}_v${version}`] !== undefined) version++;
    renamed.set(name, `${name}_v${version}`);
  }
  for (const [name, definition] of Object.entries(part.definitions)) {
    definitions[renamed.get(name) ?? name] = rewritten(definition, renamed);
  }
  const paths = { ...objectAt(document, "paths"), ...(rewritten(part.paths, renamed) as JsonObject) };
  return { ...document, paths, definitions };
}

const prefix = "#/definitions/";

function references(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === "$ref" && typeof child === "string" && child.startsWith(prefix)
      ? [child.slice(prefix.length)]
      : references(child),
  );
}

function rewritten(value: JsonValue, renamed: ReadonlyMap<string, string>): JsonValue {
  if (renamed.size === 0) return value;
  if (Array.isArray(value)) return value.map((item) => rewritten(item, renamed));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, child]): [string, JsonValue] => {
    if (key !== "$ref" || typeof child !== "string") return [key, rewritten(child, renamed)];
    const name = renamed.get(child.slice(prefix.length));
    return [key, name === undefined ? child : prefix + name];
  });
  return Object.fromEntries(entries);
}

function objectAt(value: JsonValue | undefined, key: string): JsonObject | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const child = value[key];
  return typeof child === "object" && child !== null && !Array.isArray(child) ? child : undefined;
}
