import type { JsonObject } from "../../api/meta/index.ts";
import { publishedDefinitions } from "../../api/schema/index.ts";
import type { DiscoveredKind } from "./entry.ts";
import { PathWriter } from "./openapi-operations.ts";
import { SchemaCollector } from "./openapi-schemas.ts";
import { type OpenApiOptions, securitySchemes } from "./openapi-v3.ts";

/** `/openapi/v2`: everything in one document. */
export function openApiV2(kinds: readonly DiscoveredKind[], options: OpenApiOptions): JsonObject {
  const schemas = new SchemaCollector("v2", options.descriptions?.());
  const writer = new PathWriter("v2", schemas);
  const paths: JsonObject = {};
  for (const kind of kinds) Object.assign(paths, writer.paths(kind));
  for (const definition of publishedDefinitions()) schemas.ref(definition);
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: options.gitVersion },
    paths,
    definitions: schemas.schemas(),
    securityDefinitions: securitySchemes,
    security: [{ BearerToken: [] }],
  };
}
