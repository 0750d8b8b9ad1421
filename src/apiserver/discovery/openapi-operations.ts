import type { Subresource } from "../../api/kinds/index.ts";
import { formatApiVersion, type JsonObject } from "../../api/meta/index.ts";
import { definitionOf } from "../../api/schema/index.ts";
import type { DiscoveredKind } from "./entry.ts";
import { customDefinition, customListDefinition } from "./openapi-custom.ts";
import { bodyDefinition, type Parameter, ParameterWriter, pathItem } from "./openapi-parameters.ts";
import type { OpenApiVersion, SchemaCollector } from "./openapi-schemas.ts";

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
const status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";

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

interface Operation {
  readonly operation: JsonObject;
  readonly parameters: readonly Parameter[];
}

/** What an operation is: `sort` is its verb, or the resource and the part that it asks for. */
interface OperationFacts {
  readonly kind: DiscoveredKind;
  readonly gvk: JsonObject;
  readonly verb: string;
  readonly sort?: string;
  readonly id: string;
  readonly action?: string;
  readonly place: readonly Parameter[];
  /** What the request carries. */
  readonly body?: JsonObject;
  readonly answer: JsonObject;
}

/** All paths of a kind. */
export class PathWriter {
  readonly #version: OpenApiVersion;
  readonly #schemas: SchemaCollector;
  readonly #parameters: ParameterWriter;
  /** Schemas of custom resources that are in the document. */
  readonly #custom = new Map<DiscoveredKind, JsonObject>();

  constructor(version: OpenApiVersion, schemas: SchemaCollector) {
    this.#version = version;
    this.#schemas = schemas;
    this.#parameters = new ParameterWriter(version, schemas);
  }

  paths(kind: DiscoveredKind): JsonObject {
    const paths: JsonObject = {};
    const base = `${kind.group === "" ? "/api" : "/apis"}/${formatApiVersion(kind)}`;
    const collection = kind.namespaced ? `${base}/namespaces/{namespace}/${kind.resource}` : `${base}/${kind.resource}`;
    const scope = kind.namespaced ? [this.#parameters.namespace()] : [];
    put(paths, collection, this.#collection(kind, scope));
    if (kind.namespaced && kind.verbs.includes("list")) {
      const id = operationId("list", kind, `${kind.kind}ForAllNamespaces`, false);
      put(paths, `${base}/${kind.resource}`, { get: this.#list(kind, id, []) });
    }
    for (const sub of kind.subresources.values()) {
      const named = [this.#parameters.objectName(sub.name === "status" ? kind.kind : sub.kind), ...scope];
      put(paths, `${collection}/{name}/${sub.name}`, this.#subresource(kind, sub, named));
    }
    put(paths, `${collection}/{name}`, this.#item(kind, [this.#parameters.objectName(kind.kind), ...scope]));
    return paths;
  }

  #collection(kind: DiscoveredKind, place: readonly Parameter[]): Record<string, Operation> {
    const operations: Record<string, Operation> = {};
    const own = this.#kindSchema(kind);
    const common = { kind, gvk: gvkOf(kind), place };
    if (kind.verbs.includes("list")) operations.get = this.#list(kind, operationId("list", kind, kind.kind), place);
    if (kind.verbs.includes("create")) {
      const id = operationId("create", kind, kind.kind);
      operations.post = this.#operation({ ...common, verb: "create", id, body: own, answer: own });
    }
    if (kind.verbs.includes("deletecollection")) {
      const id = `delete${groupVersionPart(kind)}Collection${kind.namespaced ? "Namespaced" : ""}${kind.kind}`;
      const sort = "deletecollection";
      const body = this.#bodyOf(sort);
      const answer = this.#ref(status);
      operations.delete = this.#operation({ ...common, verb: "delete", sort, action: sort, id, body, answer });
    }
    return operations;
  }

  #list(kind: DiscoveredKind, id: string, place: readonly Parameter[]): Operation {
    const answer = this.#listSchema(kind);
    return this.#operation({ kind, gvk: gvkOf(kind), verb: "list", action: "list", id, place, answer });
  }

  #item(kind: DiscoveredKind, place: readonly Parameter[]): Record<string, Operation> {
    const operations: Record<string, Operation> = {};
    for (const [verb, method] of Object.entries(methods)) {
      if (verb === "create" || !kind.verbs.includes(verb)) continue;
      const id = operationId(verbPrefix[verb] ?? verb, kind, kind.kind);
      const own = this.#kindSchema(kind);
      const answer = verb === "delete" ? this.#ref(status) : own;
      const body = this.#bodyOf(verb, own);
      operations[method] = this.#operation({ kind, gvk: gvkOf(kind), verb, id, place, body, answer });
    }
    return operations;
  }

  #subresource(kind: DiscoveredKind, sub: Subresource, place: readonly Parameter[]): Record<string, Operation> {
    const operations: Record<string, Operation> = {};
    const apiVersion = sub.version
      ? formatApiVersion({ group: sub.group ?? "", version: sub.version })
      : formatApiVersion(kind);
    const definition = definitionOf(apiVersion, sub.kind);
    const gvk = { group: sub.group ?? kind.group, kind: sub.kind, version: sub.version ?? kind.version };
    const part = kind.kind + capitalized(sub.name);
    const connects = sub.kind.endsWith("Options");
    const sort = `${kind.resource}/${sub.name}`;
    for (const verb of sub.verbs) {
      const method = methods[verb];
      if (method === undefined) continue;
      const isPart = definition === undefined && sub.kind === kind.kind;
      if (connects || (definition === undefined && !isPart)) {
        const what = `${capitalized(method)}${kind.namespaced ? "Namespaced" : ""}${part}`;
        const id = operationId("connect", kind, what, false);
        const facts = { kind, gvk, verb: "get", sort, id, action: "connect", place, answer: { type: "string" } };
        operations[method] = this.#operation(facts);
        continue;
      }
      const answer = definition === undefined ? this.#kindSchema(kind) : this.#ref(definition);
      const id = operationId(verbPrefix[verb] ?? verb, kind, part);
      const body = this.#bodyOf(verb, answer);
      const ofLog = sub.name === "log" ? { sort } : {};
      operations[method] = this.#operation({ kind, gvk, verb, ...ofLog, id, place, body, answer });
    }
    return operations;
  }

  #bodyOf(sort: string, own?: JsonObject): JsonObject | undefined {
    const definition = bodyDefinition(sort);
    if (definition !== undefined) return this.#ref(definition);
    return sort === "create" || sort === "update" ? own : undefined;
  }

  #operation(facts: OperationFacts): Operation {
    const { kind, verb, sort = verb, body, answer } = facts;
    const common = {
      operationId: facts.id,
      tags: [tagOf(kind)],
      "x-kubernetes-action": facts.action ?? actions[verb] ?? verb,
      "x-kubernetes-group-version-kind": facts.gvk,
    };
    const isCustom = definitionOf(formatApiVersion(kind), kind.kind) === undefined;
    const ofPatch = isCustom ? customPatchTypes : patchTypes;
    const types = verb === "patch" ? ofPatch : ["*/*"];
    const codes =
      verb === "create" ? ["200", "201", "202"] : verb === "update" || verb === "patch" ? ["200", "201"] : ["200"];
    const offered = isCustom ? customMediaTypes : mediaTypes;
    const produces = verb === "list" && !isCustom ? [...offered, ...streamTypes] : offered;
    const parameters = [...facts.place, ...this.#parameters.queries(sort)];
    if (this.#version === "v2") {
      if (body) parameters.push(this.#parameters.body(sort, body));
      const responses = Object.fromEntries(codes.map((c) => [c, { description: reasonOf(c), schema: answer }]));
      return { operation: { ...common, schemes: ["https"], consumes: types, produces, responses }, parameters };
    }
    const content = (names: readonly string[], schema: JsonObject) =>
      Object.fromEntries(names.map((n) => [n, { schema }]));
    const operation = {
      ...common,
      ...(body && { requestBody: { content: content(types, body), ...(verb !== "delete" && { required: true }) } }),
      responses: Object.fromEntries(
        codes.map((c) => [c, { description: reasonOf(c), content: content(produces, answer) }]),
      ),
    };
    return { operation, parameters };
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

function put(paths: JsonObject, path: string, operations: Readonly<Record<string, Operation>>): void {
  if (Object.keys(operations).length > 0) paths[path] = pathItem(operations);
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
