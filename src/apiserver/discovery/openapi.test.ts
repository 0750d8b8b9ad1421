import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtinKinds } from "../../api/kinds/index.ts";
import type { JsonObject, JsonValue } from "../../api/meta/index.ts";
import { type DiscoveredKind, openApiV2, openApiV3, openApiV3Hash, openApiV3Index } from "./index.ts";
import { publishedEnumFields } from "./published-enums.ts";

const file = new URL("../../../../shared/spec/openapi-v2.json", import.meta.url);
const options = { gitVersion: "v1.36.2+test" };

function at(value: JsonValue | undefined, ...path: string[]): JsonValue | undefined {
  let place = value;
  for (const key of path) place = (place as JsonObject | undefined)?.[key];
  return place;
}

/** Without texts, and with the list and map types that absence means. */
function bare(value: JsonValue, key = ""): JsonValue {
  if (Array.isArray(value)) return key === "required" ? [...value].sort() : value.map((v) => bare(v));
  if (typeof value !== "object" || value === null) return value;
  const left: JsonObject = {};
  for (const [name, inner] of Object.entries(value)) {
    const isText = name === "description" && typeof inner === "string";
    // The published document is written without the values of fields that are one of a few.
    if (name === "enum") continue;
    if (isText || name === "x-kubernetes-unions" || name === "x-kubernetes-group-version-kind") continue;
    left[name] = bare(inner, name);
  }
  if (left["x-kubernetes-map-type"] === "granular") delete left["x-kubernetes-map-type"];
  if (left.type === "array") left["x-kubernetes-list-type"] ??= "atomic";
  else delete left["x-kubernetes-list-type"];
  return left;
}

describe.skipIf(!existsSync(file))("against the published OpenAPI (skipped where ../shared is absent)", () => {
  const published = () => JSON.parse(readFileSync(file, "utf8")) as JsonObject;

  it("defines what is published", () => {
    const theirs = published().definitions as JsonObject;
    const ours = openApiV2(builtinKinds(), options).definitions as JsonObject;
    const ignored = ["io.k8s.apimachinery.pkg.version.Info"];
    for (const [name, definition] of Object.entries(theirs)) {
      if (!ignored.includes(name)) expect(bare(ours[name] ?? null), name).toEqual(bare(definition));
    }
  });

  it("has what operations share once, under the published names", () => {
    const theirs = published().parameters as JsonObject;
    const ours = openApiV2(builtinKinds(), options).parameters as JsonObject;
    for (const [name, parameter] of Object.entries(ours)) expect(bare(parameter)).toEqual(bare(theirs[name] ?? null));
    // Of paths that are not written here.
    const missing = Object.keys(theirs).filter((name) => ours[name] === undefined);
    expect(missing).toEqual(["logpath-Noq7euwC", "path-z6Ciiujn"]);
  });

  it("has every path and operation of the resources, with its parameters", () => {
    const theirs = published().paths as JsonObject;
    const ours = openApiV2(builtinKinds(), options).paths as JsonObject;
    const different: string[] = [];
    for (const [path, item] of Object.entries(theirs)) {
      if (!/^\/apis?\/.*v\d[^/]*\/./.test(path) || path.includes("/watch/") || path.endsWith("{path}")) continue;
      const shared = [bare(at(ours, path, "parameters") ?? null), bare(at(item, "parameters") ?? null)];
      if (JSON.stringify(shared[0]) !== JSON.stringify(shared[1])) {
        different.push(`${path}: ${JSON.stringify(shared[0])}, not ${JSON.stringify(shared[1])}`);
      }
      for (const [method, operation] of Object.entries(item as JsonObject)) {
        if (method === "parameters" || method === "head" || method === "options") continue;
        for (const fact of ["operationId", "parameters", "x-kubernetes-action", "x-kubernetes-group-version-kind"]) {
          const own = bare(at(ours, path, method, fact) ?? null);
          const other = bare(at(operation, fact) ?? null);
          if (JSON.stringify(own) !== JSON.stringify(other)) {
            different.push(`${method} ${path} ${fact}: ${JSON.stringify(own)}, not ${JSON.stringify(other)}`);
          }
        }
      }
    }
    expect(different.slice(0, 20)).toEqual([]);
  });

  it("has the paths that are no resources, with what they answer", () => {
    const theirs = published().paths as JsonObject;
    const ours = openApiV2(builtinKinds(), options).paths as JsonObject;
    // The logs of the server's machine are not served, as in the original without its flag for them.
    const isPlain = (path: string) => path.endsWith("/") && path !== "/logs/";
    const plain = Object.keys(theirs).filter(isPlain);
    expect(plain.length).toBeGreaterThan(60);
    // CBOR is not offered here.
    const offered = (value: JsonValue | undefined) =>
      Array.isArray(value) ? value.filter((type) => type !== "application/cbor") : value;
    expect(Object.keys(ours).filter(isPlain).sort()).toEqual(plain.sort());
    for (const path of plain) {
      for (const fact of ["operationId", "tags", "produces", "consumes"]) {
        expect(at(ours, path, "get", fact), `${path} ${fact}`).toEqual(offered(at(theirs, path, "get", fact)));
      }
      const answer = (paths: JsonObject) => at(paths, path, "get", "responses", "200", "schema");
      expect(answer(ours), path).toEqual(answer(theirs));
    }
  });

  it("names the documents of v3 that the original names, and no others", () => {
    const names = Object.keys(openApiV3Index(builtinKinds(), options).paths as JsonObject).sort();
    const theirs = Object.keys(published().paths as JsonObject);
    const expected = theirs
      .filter((path) => path.endsWith("/") && path !== "/logs/")
      .map((path) => path.replace(/^\/|\/$/g, ""));
    expect(names).toEqual(expected.sort());
  });
});

describe("values that are few", () => {
  it("belong to fields that there are, and are told of strings and of lists of strings", () => {
    const { definitions } = openApiV2(builtinKinds(), options);
    for (const [definition, field] of publishedEnumFields()) {
      const property = at(definitions, definition, "properties", field) as JsonObject | undefined;
      const one = property?.type === "array" ? property.items : property;
      expect(one, `${definition}.${field}`).toMatchObject({ type: "string", enum: expect.any(Array) });
    }
    const pod = at(definitions, "io.k8s.api.core.v1.PodSpec", "properties", "restartPolicy");
    expect(pod).toEqual({ type: "string", enum: ["Always", "Never", "OnFailure"] });
  });
});

describe("openApiV3", () => {
  it("leads from the index to a document whose references all resolve", () => {
    const paths = openApiV3Index(builtinKinds(), options).paths as JsonObject;
    expect(Object.keys(paths)).toContain("apis/apps/v1");
    expect(at(paths, "api/v1", "serverRelativeURL")).toBe(
      `/openapi/v3/api/v1?hash=${openApiV3Hash(builtinKinds(), "api/v1", options)}`,
    );
    for (const path of Object.keys(paths)) {
      const document = openApiV3(builtinKinds(), path, options);
      const schemas = at(document, "components", "schemas") as JsonObject;
      for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
        expect(schemas).toHaveProperty([name ?? ""]);
      }
    }
  });

  it("says what kubectl looks for: patch parameters, types of patches, merge keys", () => {
    const document = openApiV3(builtinKinds(), "apis/apps/v1", options);
    const patch = at(
      document,
      "paths",
      "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
      "patch",
    ) as JsonObject;
    expect(patch["x-kubernetes-group-version-kind"]).toEqual({ group: "apps", kind: "Deployment", version: "v1" });
    expect((patch.parameters as JsonObject[]).map((p) => p.name)).toContain("fieldValidation");
    expect(at(patch, "requestBody", "content")).toHaveProperty("application/strategic-merge-patch+json");
    const containers = at(document, "components", "schemas", "io.k8s.api.core.v1.PodSpec", "properties", "containers");
    expect(containers).toMatchObject({
      "x-kubernetes-patch-merge-key": "name",
      "x-kubernetes-patch-strategy": "merge",
    });
  });

  it("describes what it is given texts for, and custom resources by their own schemas", () => {
    const widget: DiscoveredKind = {
      group: "example.org",
      version: "v1",
      resource: "widgets",
      kind: "Widget",
      singularName: "widget",
      shortNames: [],
      categories: [],
      namespaced: true,
      verbs: ["get", "list", "patch"],
      subresources: new Map(),
      openApiSchema: { type: "object", properties: { spec: { type: "object" } } },
    };
    const descriptions = {
      "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": ["of objects", { name: "its name" }] as const,
    };
    const document = openApiV3([widget], "apis/example.org/v1", { ...options, descriptions: () => descriptions });
    const schemas = at(document, "components", "schemas");
    expect(at(schemas, "org.example.v1.Widget", "properties")).toMatchObject({ spec: {}, metadata: {} });
    const objectMeta = at(schemas, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    expect(objectMeta).toMatchObject({ description: "of objects", properties: { name: { description: "its name" } } });
  });
});
