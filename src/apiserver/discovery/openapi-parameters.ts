import type { JsonObject } from "../../api/meta/index.ts";
import { type OpenApiVersion, patchDefinition, type SchemaCollector } from "./openapi-schemas.ts";

const deleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

type Queries = Readonly<Record<string, "string" | "boolean" | "integer">>;

const writing: Queries = { dryRun: "string", fieldManager: "string", fieldValidation: "string" };
const deleting: Queries = {
  dryRun: "string",
  gracePeriodSeconds: "integer",
  ignoreStoreReadErrorWithClusterBreakingPotential: "boolean",
  orphanDependents: "boolean",
  propagationPolicy: "string",
};
const selecting: Queries = {
  continue: "string",
  fieldSelector: "string",
  labelSelector: "string",
  limit: "integer",
  resourceVersion: "string",
  resourceVersionMatch: "string",
  sendInitialEvents: "boolean",
  shardSelector: "string",
  timeoutSeconds: "integer",
};
const streaming: Queries = {
  container: "string",
  stderr: "boolean",
  stdin: "boolean",
  stdout: "boolean",
  tty: "boolean",
};
const pretty: Queries = { pretty: "string" };

/** Query parameters by name and type, for each sort of request: verbs, and `resource/part` of requests to a part. */
const queries: Readonly<Record<string, Queries>> = {
  get: pretty,
  create: { ...writing, ...pretty },
  update: { ...writing, ...pretty },
  patch: { ...writing, ...pretty, force: "boolean" },
  delete: { ...deleting, ...pretty },
  list: { ...selecting, ...pretty, allowWatchBookmarks: "boolean", watch: "boolean" },
  deletecollection: { ...deleting, ...selecting, ...pretty },
  "pods/log": {
    ...pretty,
    container: "string",
    follow: "boolean",
    insecureSkipTLSVerifyBackend: "boolean",
    limitBytes: "integer",
    previous: "boolean",
    sinceSeconds: "integer",
    stream: "string",
    tailLines: "integer",
    timestamps: "boolean",
  },
  "pods/attach": streaming,
  "pods/exec": { ...streaming, command: "string" },
  "pods/portforward": { ports: "integer" },
  "pods/proxy": { path: "string" },
  "services/proxy": { path: "string" },
  "nodes/proxy": { path: "string" },
};

/**
 * OpenAPI 2 has what many operations share in one place, under its name and these; first those that only one sort of
 * request has.
 */
const sharedNames: Readonly<Record<string, string>> = {
  "patch/fieldManager": "7c6nTn1T",
  "pods/log/container": "1GeXxFDC",
  "pods/attach/container": "_Q-EJ3nR",
  "pods/attach/stderr": "26jJhFUR",
  "pods/attach/stdin": "sEFnN3IS",
  "pods/attach/stdout": "005YMKE6",
  "pods/attach/tty": "g7MlET_l",
  "pods/exec/container": "i5dOmRiM",
  "pods/exec/stderr": "W_1TNlWc",
  "pods/exec/stdin": "PSzNhyUC",
  "pods/exec/stdout": "-EZLRwV1",
  "pods/exec/tty": "s0flW37O",
  "pods/proxy/path": "oPbzgLUj",
  "services/proxy/path": "QCf0eosM",
  "nodes/proxy/path": "rFDtV0x9",
  allowWatchBookmarks: "HC2hJt-J",
  command: "Py3eQybp",
  continue: "QfD61s0i",
  fieldManager: "Qy4HdaTW",
  fieldSelector: "xIcQKXFG",
  follow: "9OIXh_2R",
  force: "tOGGb0Yi",
  gracePeriodSeconds: "-K5HaBOS",
  ignoreStoreReadErrorWithClusterBreakingPotential: "QbNkfIqj",
  insecureSkipTLSVerifyBackend: "gM00jVbe",
  labelSelector: "5Zw57w4C",
  limit: "1NfNmdNH",
  limitBytes: "zwd1RXuc",
  namespace: "vgWSWtn3",
  orphanDependents: "uRB25kX5",
  ports: "91KROJmm",
  pretty: "tJGM1-ng",
  previous: "1jxDPu3y",
  propagationPolicy: "6jk3prlO",
  resourceVersion: "5WAnf1kx",
  resourceVersionMatch: "t8XhRHeC",
  sendInitialEvents: "rLXlEK_k",
  shardSelector: "Kgyki_3_",
  sinceSeconds: "vE2NLdnP",
  stream: "l-48cgXv",
  tailLines: "9xQLWHMV",
  timeoutSeconds: "yvYezaOC",
  timestamps: "c17fW1w_",
  watch: "XNNPZGbK",
};
const sharedBodies: Readonly<Record<string, string>> = {
  delete: "2Y1dVQaQ",
  deletecollection: "2Y1dVQaQ",
  patch: "78PwaGsr",
};

/** A parameter of an operation, by what it is sorted by. */
export interface Parameter {
  readonly name: string;
  readonly schema: JsonObject;
}

/** Writes the parameters of a document's operations, and collects those that OpenAPI 2 has in one place. */
export class ParameterWriter {
  readonly #version: OpenApiVersion;
  readonly #schemas: SchemaCollector;

  constructor(version: OpenApiVersion, schemas: SchemaCollector) {
    this.#version = version;
    this.#schemas = schemas;
  }

  /** Those of the query. @param sort a verb, or a resource and its part */
  queries(sort: string): Parameter[] {
    return Object.entries(queries[sort] ?? {}).map(([name, type]) => {
      const text = this.#schemas.textOf(`parameters.${sort}`, name);
      return this.#parameter({ in: "query", name, ...(text && { description: text }) }, type, sort);
    });
  }

  /** The name of an object of this kind, in a path. */
  objectName(kind: string): Parameter {
    return this.#parameter({ in: "path", name: "name", required: true, description: `name of the ${kind}` }, "string");
  }

  namespace(): Parameter {
    const text = this.#schemas.textOf("parameters.list", "namespace");
    const head = { in: "path", name: "namespace", required: true, ...(text && { description: text }) };
    return this.#parameter(head, "string");
  }

  /** What a request carries; of OpenAPI 2, which takes it for a parameter. */
  body(sort: string, schema: JsonObject): Parameter {
    const isOptional = sort === "delete" || sort === "deletecollection";
    const body: JsonObject = { in: "body", name: "body", ...(!isOptional && { required: true }), schema };
    const suffix = sharedBodies[sort];
    return { name: "body", schema: suffix === undefined ? body : this.#shared(`body-${suffix}`, body) };
  }

  #parameter(head: JsonObject & { readonly name: string }, type: string, sort = ""): Parameter {
    const { name } = head;
    if (this.#version === "v3") return { name, schema: { ...head, schema: { type, uniqueItems: true } } };
    const schema = { ...head, type, uniqueItems: true };
    const suffix = sharedNames[`${sort}/${name}`] ?? sharedNames[name];
    return { name, schema: suffix === undefined ? schema : this.#shared(`${name}-${suffix}`, schema) };
  }

  #shared(name: string, parameter: JsonObject): JsonObject {
    this.#schemas.share(name, parameter);
    return { $ref: `#/parameters/${name}` };
  }
}

/** A document's path: what all its operations have in common is told once. */
export function pathItem(
  operations: Readonly<Record<string, { readonly operation: JsonObject; readonly parameters: readonly Parameter[] }>>,
): JsonObject {
  const lists = Object.values(operations).map(({ parameters }) => new Set(parameters.map(textOf)));
  const isCommon = (parameter: Parameter) =>
    parameter.name !== "body" && lists.every((list) => list.has(textOf(parameter)));
  const item: JsonObject = {};
  for (const [method, { operation, parameters }] of Object.entries(operations)) {
    const own = parameters.filter((each) => !isCommon(each));
    item[method] = own.length > 0 ? { ...operation, parameters: inOrder(own) } : operation;
  }
  const common = Object.values(operations)[0]?.parameters.filter(isCommon) ?? [];
  return common.length > 0 ? { ...item, parameters: inOrder(common) } : item;
}

function textOf(parameter: Parameter): string {
  return JSON.stringify(parameter.schema);
}

function inOrder(parameters: readonly Parameter[]): JsonObject[] {
  return [...parameters].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ schema }) => schema);
}

/** What a request of a verb carries, where the verb alone says it. */
export function bodyDefinition(sort: string): string | undefined {
  if (sort === "patch") return patchDefinition;
  return sort === "delete" || sort === "deletecollection" ? deleteOptions : undefined;
}
