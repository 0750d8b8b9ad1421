import type { JsonObject } from "../../api/meta/index.ts";
import { publishedDefinitions } from "../../api/schema/index.ts";
import { type DiscoveredKind, groupKinds } from "./entry.ts";
import { PathWriter } from "./openapi-operations.ts";
import { plainDocuments, plainPathItem, resourceListPath } from "./openapi-paths.ts";
import { SchemaCollector } from "./openapi-schemas.ts";
import { type OpenApiOptions, securitySchemes } from "./openapi-v3.ts";

/** `/openapi/v2`: everything in one document. */
export function openApiV2(kinds: readonly DiscoveredKind[], options: OpenApiOptions): JsonObject {
  const custom = kinds.filter(({ openApiSchema }) => openApiSchema !== undefined);
  const builtin = builtinPart(kinds.length - custom.length, kinds, options);
  const schemas = new SchemaCollector("v2", options.descriptions?.());
  const writer = new PathWriter("v2", schemas);
  const paths: JsonObject = { ...builtin.paths };
  for (const kind of custom) Object.assign(paths, writer.paths(kind));
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: options.gitVersion },
    paths,
    definitions: { ...schemas.schemas(), ...builtin.definitions },
    parameters: { ...schemas.parameters(), ...builtin.parameters },
    securityDefinitions: securitySchemes,
    security: [{ BearerToken: [] }],
  };
}

interface Part {
  readonly paths: JsonObject;
  readonly definitions: JsonObject;
  readonly parameters: JsonObject;
}

/** What does not change while the server runs is made once. */
const builtinParts = new WeakMap<OpenApiOptions, Map<number, Part>>();

function builtinPart(count: number, kinds: readonly DiscoveredKind[], options: OpenApiOptions): Part {
  const parts = builtinParts.get(options) ?? new Map<number, Part>();
  builtinParts.set(options, parts);
  let part = parts.get(count);
  if (part === undefined) {
    const schemas = new SchemaCollector("v2", options.descriptions?.());
    const writer = new PathWriter("v2", schemas);
    const paths: JsonObject = {};
    for (const kind of kinds) if (kind.openApiSchema === undefined) Object.assign(paths, writer.paths(kind));
    const plain = [...plainDocuments(kinds).values()].flat();
    const versions = [...groupKinds(kinds.filter(({ openApiSchema }) => openApiSchema === undefined))].flatMap(
      ([group, own]) => [...own.keys()].map((version) => resourceListPath(group, version)),
    );
    for (const each of [...plain, ...versions]) paths[each.path] = plainPathItem(each, "v2", schemas);
    for (const definition of publishedDefinitions()) schemas.ref(definition);
    part = { paths, definitions: schemas.schemas(), parameters: schemas.parameters() };
    parts.set(count, part);
  }
  return part;
}
