import { createHash } from "node:crypto";
import { formatApiVersion, type JsonObject } from "../../api/meta/index.ts";
import { type DiscoveredKind, groupKinds } from "./entry.ts";
import { PathWriter } from "./openapi-operations.ts";
import { plainDocuments, plainPathItem, resourceListPath } from "./openapi-paths.ts";
import { type Descriptions, SchemaCollector } from "./openapi-schemas.ts";

export interface OpenApiOptions {
  /** The server's gitVersion, for example v1.36.2+sampan. */
  readonly gitVersion: string;
  /** Asked for when a document is first built. */
  readonly descriptions?: () => Descriptions | undefined;
}

export const securitySchemes: JsonObject = { BearerToken: { in: "header", name: "authorization", type: "apiKey" } };

/** `/openapi/v3`: where each group version's document is, with a hash that changes with it. */
export function openApiV3Index(kinds: readonly DiscoveredKind[], options: OpenApiOptions): JsonObject {
  const paths: JsonObject = {};
  for (const [group, versions] of groupKinds(kinds)) {
    for (const [version, own] of versions) {
      const path = `${group === "" ? "api" : "apis"}/${formatApiVersion({ group, version })}`;
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(own, options)}` };
    }
  }
  for (const name of plainDocuments(kinds).keys()) {
    paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${plainHash(name, options)}` };
  }
  return { paths };
}

/** The hash that openApiV3Index gives for a document; undefined where there is none of this name. */
export function openApiV3Hash(
  kinds: readonly DiscoveredKind[],
  name: string,
  options: OpenApiOptions,
): string | undefined {
  if (plainDocuments(kinds).has(name)) return plainHash(name, options);
  const own = kindsOf(kinds, name);
  return own && hashOf(own, options);
}

/** The kinds of `api/v1` or `apis/GROUP/VERSION`. */
function kindsOf(kinds: readonly DiscoveredKind[], name: string): readonly DiscoveredKind[] | undefined {
  const [group, version] = groupVersionOf(name);
  return groupKinds(kinds).get(group)?.get(version);
}

/** Group and version of the document's name; both empty where it has none. */
export function groupVersionOf(name: string): readonly [group: string, version: string] {
  const [prefix, first = "", second = "", more] = name.split("/");
  if (prefix === "api" && second === "") return ["", first];
  return prefix === "apis" && more === undefined ? [first, second] : ["", ""];
}

function plainHash(name: string, { gitVersion, descriptions }: OpenApiOptions): string {
  const text = JSON.stringify([gitVersion, descriptions?.() !== undefined, name]);
  return createHash("sha512").update(text).digest("hex").toUpperCase();
}

/** Built-in schemas change with the server's version alone, so that no document need be built for its hash. */
function hashOf(kinds: readonly DiscoveredKind[], { gitVersion, descriptions }: OpenApiOptions): string {
  const text = JSON.stringify([gitVersion, descriptions?.() !== undefined, kinds.map(factsOf)]);
  return createHash("sha512").update(text).digest("hex").toUpperCase();
}

const facts = new WeakMap<DiscoveredKind, string>();

/** A short text that differs where the document would; kinds do not change, and come with every index. */
function factsOf(kind: DiscoveredKind): string {
  let text = facts.get(kind);
  if (text === undefined) {
    const { resource, verbs, subresources, openApiSchema = null } = kind;
    const all = JSON.stringify([resource, kind.kind, verbs, [...subresources.values()], openApiSchema]);
    text = createHash("sha256").update(all).digest("base64");
    facts.set(kind, text);
  }
  return text;
}

/** `/openapi/v3/NAME`: `apis/GROUP/VERSION` with its kinds, or a path that is no resource; undefined where there is none. */
export function openApiV3(
  kinds: readonly DiscoveredKind[],
  name: string,
  options: OpenApiOptions,
): JsonObject | undefined {
  const plain = plainDocuments(kinds).get(name);
  const own = kindsOf(kinds, name);
  if (own === undefined && plain === undefined) return undefined;
  const schemas = new SchemaCollector("v3", options.descriptions?.());
  const writer = new PathWriter("v3", schemas);
  const paths: JsonObject = {};
  for (const each of plain ?? [resourceListPath(...groupVersionOf(name))]) {
    paths[each.path] = plainPathItem(each, "v3", schemas);
  }
  for (const kind of own ?? []) Object.assign(paths, writer.paths(kind));
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: options.gitVersion },
    paths,
    components: { schemas: schemas.schemas(), securitySchemes },
  };
}
