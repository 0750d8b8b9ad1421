import type { JsonObject } from "../../api/meta/index.ts";
import type { DiscoveredKind } from "./entry.ts";
import { groupPart, groupTag } from "./openapi-operations.ts";
import type { OpenApiVersion, SchemaCollector } from "./openapi-schemas.ts";

/** A path that is no resource, as the documents describe it. */
interface PlainPath {
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  /** What it answers: a published definition; otherwise text. */
  readonly definition?: string;
  readonly produces: readonly string[];
  readonly consumes?: readonly string[];
}

const discovered = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Paths of each document of `/openapi/v3` that is not about the resources of a group version, by the document's name. */
export function plainDocuments(kinds: readonly DiscoveredKind[]): ReadonlyMap<string, readonly PlainPath[]> {
  const documents = new Map<string, readonly PlainPath[]>([
    [
      ".well-known/openid-configuration",
      [
        {
          path: "/.well-known/openid-configuration/",
          operationId: "getServiceAccountIssuerOpenIDConfiguration",
          tag: "WellKnown",
          produces: ["application/json"],
        },
      ],
    ],
    ["api", [discovery("/api/", "getCoreAPIVersions", "core", "APIVersions")]],
    ["apis", [discovery("/apis/", "getAPIVersions", "apis", "APIGroupList")]],
    [
      "openid/v1/jwks",
      [
        {
          path: "/openid/v1/jwks/",
          operationId: "getServiceAccountIssuerOpenIDKeyset",
          tag: "openid",
          produces: ["application/jwk-set+json"],
        },
      ],
    ],
    [
      "version",
      [
        {
          path: "/version/",
          operationId: "getCodeVersion",
          tag: "version",
          definition: "io.k8s.apimachinery.pkg.version.Info",
          produces: ["application/json"],
          consumes: ["application/json"],
        },
      ],
    ],
  ]);
  for (const group of builtinGroups(kinds)) {
    const id = `get${groupPart(group)}APIGroup`;
    documents.set(`apis/${group}`, [discovery(`/apis/${group}/`, id, groupTag(group), "APIGroup")]);
  }
  return documents;
}

/** Groups with kinds that are not from definitions of custom resources: the original describes those only. */
function builtinGroups(kinds: readonly DiscoveredKind[]): Set<string> {
  const own = kinds.filter(({ group, openApiSchema }) => group !== "" && openApiSchema === undefined);
  return new Set(own.map(({ group }) => group));
}

/** The list of a group version's resources, a part of its own document. */
export function resourceListPath(group: string, version: string): PlainPath {
  const base = group === "" ? "/api" : `/apis/${group}`;
  const part = groupPart(group) + version.charAt(0).toUpperCase() + version.slice(1);
  const id = `get${part}APIResources`;
  return discovery(`${base}/${version}/`, id, `${groupTag(group)}_${version}`, "APIResourceList");
}

function discovery(path: string, operationId: string, tag: string, kind: string): PlainPath {
  return { path, operationId, tag, definition: `${meta}.${kind}`, produces: discovered, consumes: discovered };
}

/** The item of `paths` for it. */
export function plainPathItem(plain: PlainPath, form: OpenApiVersion, schemas: SchemaCollector): JsonObject {
  const { operationId, tag, definition, produces, consumes } = plain;
  const schema = definition === undefined ? { type: "string" } : schemas.ref(definition);
  const unauthorized = { description: "Unauthorized" };
  const ok = { description: "OK" };
  if (form === "v2") {
    const responses = { "200": { ...ok, schema }, "401": unauthorized };
    const types = { ...(consumes && { consumes: [...consumes] }), produces: [...produces] };
    return { get: { ...types, operationId, responses, schemes: ["https"], tags: [tag] } };
  }
  const content = Object.fromEntries(produces.map((type) => [type, { schema }]));
  return { get: { tags: [tag], operationId, responses: { "200": { ...ok, content }, "401": unauthorized } } };
}
