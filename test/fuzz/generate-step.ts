import { encodeProtobuf } from "../../src/api/codec/index.ts";
import type { ResourceKind } from "../../src/api/kinds/index.ts";
import type { JsonObject, JsonValue, KubeObject } from "../../src/api/meta/index.ts";
import { decodeObject, shapeByName, shapeOf } from "../../src/api/schema/index.ts";
import type { Chance } from "./chance.ts";
import { copy, Fields, fieldOf, type Node, setField, toNode, write } from "./document.ts";
import { damage, mutate } from "./mutate.ts";
import { seedsOf } from "./seeds.ts";
import type { Step } from "./step.ts";
import { fuzzNamespace } from "./target.ts";
import { generate, oddStrings, oddText } from "./values.ts";

/** What a case knows when it makes its next request. */
export interface Situation {
  readonly kind: ResourceKind;
  /** The case's object as it is stored, in the kind's own version. */
  readonly stored: KubeObject | undefined;
  readonly seed: Fields;
  readonly name: string;
}

const json = "application/json";
const jsonTypes = [json, `${json}; charset=utf-8`, "", "application/octet-stream", "text/plain"];
const accepts = [
  json,
  "*/*",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
  "application/cbor",
  ";;q=x",
];

/** A document that the kind should take, or nearly. */
export function seedDocument(chance: Chance, kind: ResourceKind): Fields {
  const seeds = seedsOf(kind);
  const known = seeds.length > 0 && chance.is(0.9) ? toNode(chance.pick(seeds)) : generate(chance, kind.shape, 4);
  const document = known instanceof Fields ? known : new Fields([]);
  setField(document, "apiVersion", kind.group === "" ? kind.version : `${kind.group}/${kind.version}`);
  setField(document, "kind", kind.kind);
  if (kind.namespaced || seeds.length === 0) {
    const metadata = new Fields([["name", nameIn(document) ?? "a"]]);
    if (kind.namespaced) metadata.pairs.push(["namespace", fuzzNamespace]);
    for (const pair of (fieldOf(document, "metadata") as Fields | undefined)?.pairs ?? []) {
      if (seeds.length > 0 && !["name", "namespace", "generateName"].includes(pair[0])) metadata.pairs.push(pair);
    }
    setField(document, "metadata", metadata);
  }
  return document;
}

export function nameIn(document: Fields): string | undefined {
  const name = fieldOf(fieldOf(document, "metadata") ?? null, "name");
  return typeof name === "string" && name !== "" ? name : undefined;
}

export function collectionPath(kind: ResourceKind): string {
  const base = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  return kind.namespaced ? `${base}/namespaces/${fuzzNamespace}/${kind.resource}` : `${base}/${kind.resource}`;
}

export function creation(kind: ResourceKind, document: Fields): Step {
  return { method: "POST", url: collectionPath(kind), headers: { "content-type": json }, body: document };
}

type Maker = (chance: Chance, situation: Situation) => Step;

const makers: readonly (readonly [number, Maker])[] = [
  [20, create],
  [20, update],
  [8, updateSubresource],
  [7, jsonPatch],
  [8, mergePatch],
  [10, strategicPatch],
  [12, apply],
  [5, read],
  [5, list],
  [1, watch],
  [4, remove],
  [1, removeCollection],
  [2, oddPath],
];

export function nextStep(chance: Chance, situation: Situation): Step {
  const step = chance.weighted(makers)(chance, situation);
  return chance.is(0.03)
    ? { ...step, url: damage(chance, Buffer.from(step.url)).toString("latin1").replace(/[\s]/g, "") }
    : step;
}

function objectPath({ kind, name }: Situation): string {
  return `${collectionPath(kind)}/${encodeURIComponent(name.toWellFormed())}`;
}

function create(chance: Chance, situation: Situation): Step {
  const { kind } = situation;
  const document = chance.is(0.4) ? (copy(situation.seed) as Fields) : seedDocument(chance, kind);
  mutate(chance, document, kind.shape, 4);
  const url = `${collectionPath(kind)}${writeQuery(chance)}`;
  return withBody(chance, { method: "POST", url, headers: {} }, document, kind);
}

function current(chance: Chance, { stored, seed }: Situation): Fields {
  if (stored === undefined || chance.is(0.2)) return copy(seed) as Fields;
  const document = toNode(stored as unknown as JsonValue) as Fields; // objects of the API are plain JSON values
  const metadata = fieldOf(document, "metadata");
  if (metadata instanceof Fields && chance.is(0.6)) {
    metadata.pairs.splice(0, metadata.pairs.length, ...metadata.pairs.filter(([name]) => name !== "resourceVersion"));
  }
  return document;
}

function update(chance: Chance, situation: Situation): Step {
  const document = current(chance, situation);
  mutate(chance, document, situation.kind.shape, 3);
  const step = { method: "PUT", url: `${objectPath(situation)}${writeQuery(chance)}`, headers: {} };
  return withBody(chance, step, document, situation.kind);
}

function updateSubresource(chance: Chance, situation: Situation): Step {
  const subresource = subresourceOf(chance, situation.kind);
  if (subresource === undefined) return update(chance, situation);
  const { kind } = situation;
  const group = subresource.group ?? kind.group;
  const version = subresource.version ?? kind.version;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const shape = shapeOf(apiVersion, subresource.kind);
  const isSame = subresource.kind === kind.kind;
  const generated = isSame || shape === undefined ? undefined : generate(chance, shape, 3);
  const document = generated instanceof Fields ? generated : current(chance, situation);
  if (isSame && shape !== undefined && chance.is(0.7)) {
    const status = shape.fields.get("status");
    if (status !== undefined) setField(document, "status", generate(chance, status.shape, 4));
  }
  if (!isSame) {
    setField(document, "apiVersion", apiVersion);
    setField(document, "kind", subresource.kind);
    setField(
      document,
      "metadata",
      new Fields([
        ["name", situation.name],
        ["namespace", fuzzNamespace],
      ]),
    );
  }
  if (chance.is(0.6)) mutate(chance, document, isSame ? kind.shape : shape, 2);
  const url = `${objectPath(situation)}/${subresource.name}${writeQuery(chance)}`;
  const method = subresource.verbs.includes("create") ? "POST" : chance.is(0.85) ? "PUT" : "GET";
  return { method, url, headers: { "content-type": json }, body: method === "GET" ? undefined : document };
}

const streams = new Set(["proxy", "log", "exec", "attach", "portforward"]);

function subresourceOf(chance: Chance, kind: ResourceKind) {
  const all = [...kind.subresources.values()].filter(({ name }) => !streams.has(name));
  return all.length === 0 ? undefined : chance.pick(all);
}

function patchTarget(chance: Chance, situation: Situation): string {
  const subresource = chance.is(0.15) ? subresourceOf(chance, situation.kind) : undefined;
  return objectPath(situation) + (subresource === undefined ? "" : `/${subresource.name}`);
}

function patchStep(chance: Chance, situation: Situation, type: string, body: Node, query = writeQuery(chance)): Step {
  const headers = { "content-type": `application/${type}` };
  const step: Step = { method: "PATCH", url: patchTarget(chance, situation) + query, headers, body };
  return chance.is(0.03) ? { ...step, body: damage(chance, Buffer.from(write(body))) } : step;
}

function jsonPatch(chance: Chance, situation: Situation): Step {
  const document = current(chance, situation);
  const operations = Array.from({ length: 1 + chance.integer(4) }, () => {
    const operation = new Fields([
      ["op", chance.pick(["add", "replace", "remove", "test", "move", "copy", "add", "replace"])],
      ["path", pointer(chance, document)],
    ]);
    if (chance.is(0.7)) operation.pairs.push(["value", chance.is(0.5) ? oddNode(chance) : anyPart(chance, document)]);
    if (chance.is(0.4)) operation.pairs.push(["from", pointer(chance, document)]);
    return operation;
  });
  const list = new Fields([["patch", operations as Node[]]]);
  if (chance.is(0.15)) mutate(chance, list, undefined, 1);
  return patchStep(chance, situation, "json-patch+json", chance.is(0.97) ? (fieldOf(list, "patch") ?? null) : list);
}

function pointer(chance: Chance, document: Fields): string {
  let node: Node = document;
  let path = "";
  while ((node instanceof Fields || Array.isArray(node)) && chance.is(0.8)) {
    if (node instanceof Fields) {
      if (node.pairs.length === 0) break;
      const [name, value]: [string, Node] = chance.pick(node.pairs);
      path += `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      node = value;
    } else {
      const index = chance.integer(node.length + 1);
      path += `/${chance.is(0.1) ? chance.pick(["-", "-1", "01", "99999999999", "1e1", "__proto__", "length"]) : index}`;
      node = node[index] ?? null;
    }
  }
  return chance.is(0.1)
    ? path + chance.pick(["/", "/__proto__/polluted", "/constructor/prototype/polluted", "/a~2b", "~", "/-", "/x/y"])
    : path;
}

function oddNode(chance: Chance): Node {
  return chance.pick<Node>([
    null,
    0,
    -0,
    "",
    "a",
    [],
    new Fields([]),
    [null],
    new Fields([["a", "b"]]),
    chance.pick(oddStrings),
  ]);
}

function anyPart(chance: Chance, document: Fields): Node {
  let node: Node = document;
  while ((node instanceof Fields || Array.isArray(node)) && chance.is(0.7)) {
    const children: readonly Node[] = node instanceof Fields ? node.pairs.map(([, value]) => value) : node;
    if (children.length === 0) break;
    node = chance.pick(children);
  }
  return copy(node);
}

/** Part of the object, changed. */
function partial(chance: Chance, situation: Situation): Fields {
  const document = current(chance, situation);
  const dropped = new Set(document.pairs.filter(() => chance.is(0.4)).map(([name]) => name));
  document.pairs.splice(0, document.pairs.length, ...document.pairs.filter(([name]) => !dropped.has(name)));
  mutate(chance, document, situation.kind.shape, 4);
  return document;
}

function mergePatch(chance: Chance, situation: Situation): Step {
  return patchStep(chance, situation, "merge-patch+json", partial(chance, situation));
}

function strategicPatch(chance: Chance, situation: Situation): Step {
  const document = partial(chance, situation);
  for (let i = chance.integer(3); i > 0; i--) addDirective(chance, document);
  return patchStep(chance, situation, "strategic-merge-patch+json", document);
}

function addDirective(chance: Chance, document: Fields): void {
  let node: Node = document;
  let last = document;
  let listName: string | undefined;
  while (chance.is(0.75)) {
    if (node instanceof Fields) {
      last = node;
      if (node.pairs.length === 0) break;
      const [name, value]: [string, Node] = chance.pick(node.pairs);
      if (Array.isArray(value)) listName = name;
      node = value;
    } else if (Array.isArray(node) && node.length > 0) node = chance.pick(node);
    else break;
  }
  const name = listName ?? chance.pick(["containers", "finalizers", "ports", "__proto__"]);
  const values: Node = chance.pick<Node>([
    ["a", "b"],
    [1],
    [new Fields([["name", "a"]])],
    "a",
    null,
    new Fields([]),
    [null],
    [[]],
  ]);
  last.pairs.push(
    chance.pick<[string, Node]>([
      ["$patch", chance.pick<Node>(["delete", "replace", "merge", "bad", 1, null])],
      ["$retainKeys", values],
      [`$setElementOrder/${name}`, values],
      [`$deleteFromPrimitiveList/${name}`, values],
    ]),
  );
  if (Array.isArray(node) && chance.is(0.5))
    node.push(new Fields([["$patch", chance.pick(["delete", "replace", "merge", "x"])]]));
}

function apply(chance: Chance, situation: Situation): Step {
  const document = chance.is(0.6) ? (copy(situation.seed) as Fields) : partial(chance, situation);
  if (chance.is(0.8)) mutate(chance, document, situation.kind.shape, 3);
  setField(document, "apiVersion", fieldOf(situation.seed, "apiVersion") ?? "");
  setField(document, "kind", situation.kind.kind);
  const query = `?fieldManager=${chance.pick(["a", "b", "kubectl", chance.is(0.1) ? "" : "c"])}${chance.is(0.6) ? "&force=true" : ""}${chance.is(0.05) ? "&dryRun=All" : ""}`;
  return patchStep(chance, situation, "apply-patch+yaml", document, query);
}

function read(chance: Chance, situation: Situation): Step {
  const subresource = chance.is(0.3) ? subresourceOf(chance, situation.kind) : undefined;
  const suffix = subresource === undefined ? "" : `/${subresource.name}`;
  const url = `${objectPath(situation)}${suffix}${chance.is(0.3) ? listQuery(chance) : ""}`;
  return { method: "GET", url, headers: { accept: chance.pick(accepts) } };
}

function list(chance: Chance, { kind }: Situation): Step {
  return { method: "GET", url: collectionPath(kind) + listQuery(chance), headers: { accept: chance.pick(accepts) } };
}

function watch(chance: Chance, { kind }: Situation): Step {
  const url = `${collectionPath(kind)}${listQuery(chance)}&watch=1`;
  return { method: "GET", url, headers: { accept: chance.pick([...accepts, `${json};stream=watch`]) } };
}

const continueTokens = [
  "x",
  "e30=",
  Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"a\\u0000"}').toString("base64url"),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"../../../a"}').toString("base64url"),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":99999999,"start":"a"}').toString("base64url"),
  Buffer.from('{"v":"x","rv":1e400,"start":{}}').toString("base64url"),
];

function listQuery(chance: Chance): string {
  const query: string[] = [];
  const add = (name: string, values: readonly string[]): void => {
    if (!chance.is(0.3)) return;
    query.push(
      `${name}=${encodeURIComponent((chance.is(0.8) ? chance.pick(values) : oddText(chance).slice(0, 5000)).toWellFormed())}`,
    );
  };
  add("labelSelector", [
    "a=b",
    "a in (b,c)",
    "a notin (b",
    "!a",
    "a,b!=c",
    "a==b",
    "a>1",
    "a<x",
    "a=b,,",
    "a in ()",
    "in in (in)",
    ",",
    "a b",
    "x/y/z=1",
  ]);
  add("fieldSelector", [
    "metadata.name=a",
    "metadata.namespace!=b",
    "spec.nodeName=",
    "status.phase=Running",
    "a=b",
    "metadata.name=a\\,b",
    "=",
    "metadata.name=\\",
  ]);
  add("limit", ["0", "1", "500", "-1", "9223372036854775807", "x"]);
  add("continue", continueTokens);
  add("resourceVersion", ["0", "1", "5", "999999999", "-1", "x", "01", "18446744073709551616"]);
  add("resourceVersionMatch", ["Exact", "NotOlderThan", "x"]);
  add("timeoutSeconds", ["1", "0", "-5", "99999999999"]);
  add("sendInitialEvents", ["true", "false", "x"]);
  add("allowWatchBookmarks", ["true", "1", ""]);
  add("pretty", ["1", "false"]);
  add("includeObject", ["None", "Object", "Metadata", "x"]);
  return `?${query.join("&")}`;
}

function writeQuery(chance: Chance): string {
  const query: string[] = [];
  if (chance.is(0.15)) query.push(`fieldValidation=${chance.pick(["Strict", "Warn", "Ignore", "x", "", "strict"])}`);
  if (chance.is(0.06)) query.push(`dryRun=${chance.pick(["All", "", "None", "all"])}`);
  if (chance.is(0.06)) query.push(`fieldManager=${encodeURIComponent(oddText(chance).toWellFormed().slice(0, 300))}`);
  if (chance.is(0.02)) query.push(`force=${chance.pick(["true", "x"])}`);
  return query.length === 0 ? "" : `?${query.join("&")}`;
}

function remove(chance: Chance, situation: Situation): Step {
  const shape = shapeOf("v1", "DeleteOptions");
  const url = `${objectPath(situation)}${chance.is(0.3) ? `?${chance.pick(["gracePeriodSeconds=0", "gracePeriodSeconds=-1", "propagationPolicy=Foreground", "propagationPolicy=x", "orphanDependents=true", "dryRun=All"])}` : ""}`;
  if (shape === undefined || chance.is(0.4)) return { method: "DELETE", url, headers: {} };
  const body = generate(chance, shape, 3);
  if (body instanceof Fields && chance.is(0.5)) mutate(chance, body, shape, 2);
  return { method: "DELETE", url, headers: { "content-type": json }, body };
}

function removeCollection(chance: Chance, { kind }: Situation): Step {
  return { method: "DELETE", url: collectionPath(kind) + listQuery(chance), headers: {} };
}

function oddPath(chance: Chance, situation: Situation): Step {
  const parts = objectPath(situation).split("/");
  parts[1 + chance.integer(parts.length - 1)] = chance.pick([
    "..",
    ".",
    "",
    "%2F",
    "%00",
    "%ff",
    "%",
    "__proto__",
    "constructor",
    "a".repeat(300),
    encodeURIComponent(oddText(chance).toWellFormed().slice(0, 200)),
  ]);
  const method = chance.pick(["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW"]);
  return {
    method,
    url: parts.join("/"),
    headers: { "content-type": json },
    body: method === "GET" ? undefined : new Fields([]),
  };
}

/** The document in one of the encodings, sometimes damaged. */
function withBody(chance: Chance, step: Step, document: Fields, kind: ResourceKind): Step {
  const choice = chance.integer(100);
  if (choice < 75)
    return { ...step, headers: { "content-type": choice < 70 ? json : chance.pick(jsonTypes) }, body: document };
  const yaml = { "content-type": "application/yaml" };
  if (choice < 81) return { ...step, headers: yaml, body: document };
  if (choice < 84) return { ...step, headers: yaml, body: damage(chance, Buffer.from(write(document))) };
  if (choice < 87)
    return { ...step, headers: { "content-type": json }, body: damage(chance, Buffer.from(write(document))) };
  const bytes = protobufOf(chance, document, kind);
  if (bytes === undefined) return { ...step, headers: yaml, body: document };
  const type = { "content-type": "application/vnd.kubernetes.protobuf" };
  return { ...step, headers: type, body: choice < 94 ? bytes : damage(chance, bytes) };
}

function protobufOf(chance: Chance, document: Fields, kind: ResourceKind): Buffer | undefined {
  if (kind.shape.protoName === undefined) return undefined;
  try {
    const { object } = decodeObject(JSON.parse(write(document)) as JsonObject, kind.shape, { unknownFields: "drop" });
    return Buffer.from(
      encodeProtobuf(object, chance.is(0.98) ? kind.shape : (shapeByName("io.k8s.api.core.v1.Pod") ?? kind.shape)),
    );
  } catch {
    return undefined; // what cannot be decoded has no protobuf form
  }
}
