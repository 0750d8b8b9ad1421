import type { Subresource } from "../../api/kinds/index.ts";
import { formatApiVersion, type JsonObject, type JsonValue } from "../../api/meta/index.ts";
import { definitionOf } from "../../api/schema/index.ts";
import type { DiscoveredKind } from "./entry.ts";
import { customDefinition, customListDefinition } from "./openapi-custom.ts";
import { type OpenApiVersion, patchDefinition, type SchemaCollector } from "./openapi-schemas.ts";

const mediaTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const streamTypes = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const customMediaTypes = ["application/json", "application/yaml"];
const customPatchTypes = patchTypes.filter((type) => !type.includes("strategic"));
const deleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";

/** Query parameters by name and type, for each sort of request. */
const parameters: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  create: { dryRun: "string", fieldManager: "string", fieldValidation: "string" },
  update: { dryRun: "string", fieldManager: "string", fieldValidation: "string" },
  patch: { dryRun: "string", fieldManager: "string", fieldValidation: "string", force: "boolean" },
  delete: {
    dryRun: "string",
    gracePeriodSeconds: "integer",
    ignoreStoreReadErrorWithClusterBreakingPotential: "boolean",
    orphanDependents: "boolean",
    propagationPolicy: "string",
  },
  list: {
    allowWatchBookmarks: "boolean",
    continue: "string",
    fieldSelector: "string",
    labelSelector: "string",
    limit: "integer",
    resourceVersion: "string",
    resourceVersionMatch: "string",
    sendInitialEvents: "boolean",
    timeoutSeconds: "integer",
    watch: "boolean",
  },
};

/** Verbs of discovery to methods of HTTP. */
const methods: Readonly<Record<string, string>> = {
  get: "get",
  create: "post",
  update: "put",
  patch: "patch",
  delete: "delete",
};
const verbPrefix: Readonly<Record<string, string>> = {
  get: "read",
  create: "create",
  update: "replace",
  patch: "patch",
  delete: "delete",
};
const actions: Readonly<Record<string, string>> = {
  get: "get",
  create: "post",
  update: "put",
  patch: "patch",
  delete: "delete",
};

/** All paths of a kind. */
export class PathWriter {
  readonly #version: OpenApiVersion;
  readonly #schemas: SchemaCollector;
  /** Schemas of custom resources that are in the document. */
  readonly #custom = new Map<DiscoveredKind, JsonObject>();

  constructor(version: OpenApiVersion, schemas: SchemaCollector) {
    this.#version = version;
    this.#schemas = schemas;
  }

  paths(kind: DiscoveredKind): JsonObject {
    const paths: JsonObject = {};
    const base = `${kind.group === "" ? "/api" : "/apis"}/${formatApiVersion(kind)}`;
    const collection = kind.namespaced ? `${base}/namespaces/{namespace}/${kind.resource}` : `${base}/${kind.resource}`;
    const scope: JsonValue[] = kind.namespaced ? [this.#pathParameter("namespace")] : [];
    put(paths, collection, this.#collection(kind), scope);
    if (kind.namespaced && kind.verbs.includes("list")) {
      const id = operationId("list", kind, `${kind.kind}ForAllNamespaces`, false);
      put(paths, `${base}/${kind.resource}`, { get: this.#list(kind, id) }, []);
    }
    const named = [this.#pathParameter("name"), ...scope];
    put(paths, `${collection}/{name}`, this.#item(kind), named);
    for (const sub of kind.subresources.values()) {
      put(paths, `${collection}/{name}/${sub.name}`, this.#subresource(kind, sub), named);
    }
    return paths;
  }

  #collection(kind: DiscoveredKind): JsonObject {
    const operations: JsonObject = {};
    const own = this.#kindSchema(kind);
    if (kind.verbs.includes("list")) operations.get = this.#list(kind, operationId("list", kind, kind.kind));
    if (kind.verbs.includes("create")) {
      operations.post = this.#operation(kind, gvkOf(kind), "create", operationId("create", kind, kind.kind), own, own);
    }
    if (kind.verbs.includes("deletecollection")) {
      const id = `delete${groupVersionPart(kind)}Collection${kind.namespaced ? "Namespaced" : ""}${kind.kind}`;
      const operation = this.#operation(kind, gvkOf(kind), "delete", id, this.#ref(deleteOptions), this.#ref(status));
      operations.delete = { ...operation, "x-kubernetes-action": "deletecollection" };
    }
    return operations;
  }

  #list(kind: DiscoveredKind, id: string): JsonObject {
    const operation = this.#operation(kind, gvkOf(kind), "list", id, undefined, this.#listSchema(kind));
    return { ...operation, "x-kubernetes-action": "list" };
  }

  #item(kind: DiscoveredKind): JsonObject {
    const operations: JsonObject = {};
    for (const [verb, method] of Object.entries(methods)) {
      if (verb === "create" || !kind.verbs.includes(verb)) continue;
      const id = operationId(verbPrefix[verb] ?? verb, kind, kind.kind);
      const own = this.#kindSchema(kind);
      const answer = verb === "delete" ? this.#ref(status) : own;
      operations[method] = this.#operation(kind, gvkOf(kind), verb, id, this.#requestSchema(verb, own), answer);
    }
    return operations;
  }

  #subresource(kind: DiscoveredKind, sub: Subresource): JsonObject {
    const operations: JsonObject = {};
    const apiVersion = sub.version
      ? formatApiVersion({ group: sub.group ?? "", version: sub.version })
      : formatApiVersion(kind);
    const definition = definitionOf(apiVersion, sub.kind);
    const gvk = { group: sub.group ?? kind.group, kind: sub.kind, version: sub.version ?? kind.version };
    const part = kind.kind + capitalized(sub.name);
    const connects = sub.kind.endsWith("Options");
    for (const verb of sub.verbs) {
      const method = methods[verb];
      if (method === undefined) continue;
      const isPart = definition === undefined && sub.kind === kind.kind;
      if (connects || (definition === undefined && !isPart)) {
        const what = `${capitalized(method)}${kind.namespaced ? "Namespaced" : ""}${part}`;
        const id = operationId("connect", kind, what, false);
        const operation = this.#operation(kind, gvk, "get", id, undefined, { type: "string" });
        operations[method] = { ...operation, "x-kubernetes-action": "connect" };
        continue;
      }
      const own = definition === undefined ? this.#kindSchema(kind) : this.#ref(definition);
      const id = operationId(verbPrefix[verb] ?? verb, kind, part);
      operations[method] = this.#operation(kind, gvk, verb, id, this.#requestSchema(verb, own), own);
    }
    return operations;
  }

  #requestSchema(verb: string, own: JsonObject): JsonObject | undefined {
    if (verb === "patch") return this.#ref(patchDefinition);
    if (verb === "delete") return this.#ref(deleteOptions);
    return verb === "create" || verb === "update" ? own : undefined;
  }

  #operation(
    kind: DiscoveredKind,
    gvk: JsonObject,
    verb: string,
    id: string,
    body: JsonObject | undefined,
    answer: JsonObject,
  ): JsonObject {
    const query = Object.entries(parameters[verb] ?? {}).map(([name, type]) => this.#queryParameter(name, type));
    const common = {
      operationId: id,
      tags: [tagOf(kind)],
      "x-kubernetes-action": actions[verb] ?? verb,
      "x-kubernetes-group-version-kind": gvk,
    };
    const isCustom = definitionOf(formatApiVersion(kind), kind.kind) === undefined;
    const ofPatch = isCustom ? customPatchTypes : patchTypes;
    const types = verb === "patch" ? ofPatch : ["*/*"];
    const codes =
      verb === "create" ? ["200", "201", "202"] : verb === "update" || verb === "patch" ? ["200", "201"] : ["200"];
    const offered = isCustom ? customMediaTypes : mediaTypes;
    const produces = verb === "list" && !isCustom ? [...offered, ...streamTypes] : offered;
    if (this.#version === "v2") {
      const bodyParameter = {
        in: "body",
        name: "body",
        ...(verb !== "delete" && { required: true }),
        schema: body ?? {},
      };
      return {
        ...common,
        schemes: ["https"],
        consumes: types,
        produces,
        ...((body || query.length > 0) && { parameters: body ? [bodyParameter, ...query] : query }),
        responses: Object.fromEntries(codes.map((c) => [c, { description: reasonOf(c), schema: answer }])),
      };
    }
    const content = (names: readonly string[], schema: JsonObject) =>
      Object.fromEntries(names.map((n) => [n, { schema }]));
    return {
      ...common,
      ...(query.length > 0 && { parameters: query }),
      ...(body && { requestBody: { content: content(types, body), ...(verb !== "delete" && { required: true }) } }),
      responses: Object.fromEntries(
        codes.map((c) => [c, { description: reasonOf(c), content: content(produces, answer) }]),
      ),
    };
  }

  #queryParameter(name: string, type: string): JsonObject {
    const head = { in: "query", name };
    return this.#version === "v2"
      ? { ...head, type, uniqueItems: true }
      : { ...head, schema: { type, uniqueItems: true } };
  }

  #pathParameter(name: string): JsonObject {
    const head = { in: "path", name, required: true };
    return this.#version === "v2"
      ? { ...head, type: "string", uniqueItems: true }
      : { ...head, schema: { type: "string", uniqueItems: true } };
  }

  #kindSchema(kind: DiscoveredKind): JsonObject {
    const definition = definitionOf(formatApiVersion(kind), kind.kind);
    if (definition !== undefined) return this.#ref(definition);
    const known = this.#custom.get(kind) ?? customDefinition(kind, this.#schemas);
    this.#custom.set(kind, known);
    return known;
  }

  #listSchema(kind: DiscoveredKind): JsonObject {
    const definition = definitionOf(formatApiVersion(kind), kind.listKind ?? `${kind.kind}List`);
    return definition === undefined ? customListDefinition(kind, this.#schemas) : this.#ref(definition);
  }

  #ref(definition: string): JsonObject {
    return this.#schemas.ref(definition);
  }
}

function put(paths: JsonObject, path: string, operations: JsonObject, shared: JsonValue[]): void {
  if (Object.keys(operations).length === 0) return;
  paths[path] = shared.length > 0 ? { ...operations, parameters: shared } : operations;
}

function gvkOf(kind: DiscoveredKind): JsonObject {
  return { group: kind.group, kind: kind.kind, version: kind.version };
}

function reasonOf(code: string): string {
  return code === "200" ? "OK" : code === "201" ? "Created" : "Accepted";
}

/** `apps_v1`. */
function tagOf(kind: DiscoveredKind): string {
  return `${groupTag(kind.group)}_${kind.version}`;
}

/** `rbacAuthorization` of `rbac.authorization.k8s.io`. */
export function groupTag(group: string): string {
  const part = groupPart(group);
  return part.charAt(0).toLowerCase() + part.slice(1);
}

/** `readAppsV1NamespacedDeployment`. */
function operationId(verb: string, kind: DiscoveredKind, what: string, scoped = true): string {
  return `${verb}${groupVersionPart(kind)}${scoped && kind.namespaced ? "Namespaced" : ""}${what}`;
}

function groupVersionPart(kind: DiscoveredKind): string {
  return groupPart(kind.group) + capitalized(kind.version);
}

/** `RbacAuthorization` of `rbac.authorization.k8s.io`, `Core` of the core group. */
export function groupPart(group: string): string {
  if (group === "") return "Core";
  const words = group.replace(/\.k8s\.io$/, "").split(/[.-]/);
  return words.map(capitalized).join("");
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
