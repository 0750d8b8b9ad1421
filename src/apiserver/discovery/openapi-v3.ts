import { createHash } from "node:crypto";
import { formatApiVersion, type JsonObject } from "../../api/meta/index.ts";
import { type DiscoveredKind, groupKinds } from "./entry.ts";
import { PathWriter } from "./openapi-operations.ts";
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
  return { paths };
}

/** The hash that openApiV3Index gives for a group version; undefined where it has no kinds. */
export function openApiV3Hash(
  kinds: readonly DiscoveredKind[],
  group: string,
  version: string,
  options: OpenApiOptions,
): string | undefined {
  const own = groupKinds(kinds).get(group)?.get(version);
  return own && hashOf(own, options);
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

/** `/openapi/v3/apis/GROUP/VERSION`, or undefined where no kind is of the group version. */
export function openApiV3(
  kinds: readonly DiscoveredKind[],
  group: string,
  version: string,
  options: OpenApiOptions,
): JsonObject | undefined {
  const own = groupKinds(kinds).get(group)?.get(version);
  if (own === undefined) return undefined;
  const schemas = new SchemaCollector("v3", options.descriptions?.());
  const writer = new PathWriter("v3", schemas);
  const paths: JsonObject = {};
  for (const kind of own) Object.assign(paths, writer.paths(kind));
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: options.gitVersion },
    paths,
    components: { schemas: schemas.schemas(), securitySchemes },
  };
}
