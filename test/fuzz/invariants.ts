import { isDeepStrictEqual } from "node:util";
import { decodeProtobuf, encodeProtobuf } from "../../src/api/codec/index.ts";
import type { ResourceKind } from "../../src/api/kinds/index.ts";
import type { JsonObject, KubeObject } from "../../src/api/meta/index.ts";
import { cloneJson, parseApiVersion } from "../../src/api/meta/index.ts";
import { decodeObject } from "../../src/api/schema/index.ts";
import type { Entry } from "../../src/store/index.ts";
import { type Answer, bytesOf, type Step } from "./step.ts";
import type { Target } from "./target.ts";

/** Something that must never be. */
export class Violation extends Error {
  override readonly name = "Violation";
  /** What sort of failure it is: a smaller case must fail in the same way. */
  readonly sort: string;
  constructor(sort: string, detail: string) {
    super(`${sort}: ${detail}`);
    this.sort = sort;
  }
}

const short = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)}…` : text);
/** What the API has for what it cannot do now, or does not do at all. */
const allowedFailures = new Set([501, 503, 504]);

export function checkAnswer(target: Target, answer: Answer): void {
  const errors = target.takeErrors();
  if (errors.length > 0) throw new Violation("error in the server", short(errors.join("\n")));
  checkRefusal(answer);
}

/** What a client sees of a failure: the API's own form, and never that the server broke. */
export function checkRefusal(answer: Answer): void {
  const text = answer.body.toString();
  if (answer.code >= 500 && !allowedFailures.has(answer.code) && !isOfTheOriginal(text)) {
    throw new Violation(String(answer.code), short(text));
  }
  if (!String(answer.headers["content-type"]).startsWith("application/json")) return;
  if (answer.code < 400) return;
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    throw new Violation("an answer that is no JSON", short(text));
  }
  const { kind, code } = status as { kind?: unknown; code?: unknown };
  if (kind !== "Status" || code !== answer.code) throw new Violation("a refusal that is no Status", short(text));
}

/**
 * Some refusals are plain errors in the original, which answers them with 500 and no reason; the server repeats them
 * deliberately. What it did not expect itself is logged and has the reason InternalError.
 */
function isOfTheOriginal(text: string): boolean {
  const { reason, message } = JSON.parse(text.startsWith("{") ? text : "{}") as { reason?: string; message?: string };
  return !reason && Boolean(message);
}

export function checkPrototypes(): void {
  for (const prototype of [Object.prototype, Array.prototype, Function.prototype, String.prototype]) {
    const polluted = Object.keys(prototype);
    if (polluted.length > 0) {
      for (const name of polluted) Reflect.deleteProperty(prototype, name);
      throw new Violation("a polluted prototype", polluted.join());
    }
  }
}

/** Refusals, reads and dry runs leave the store alone. */
export function checkUntouched(target: Target, before: number, step: Step, answer: Answer): void {
  if (target.store.revision === before) return;
  const optionsInBody = step.method === "DELETE" && step.body !== undefined; // they stand for those of the query
  const isDryRun = /^[^?]*\?([^?]*&)?dryRun=All(&|$)/.test(step.url) && !optionsInBody;
  if (answer.code < 400 && step.method !== "GET" && !isDryRun) return;
  throw new Violation(
    "a write that should not be",
    `${step.method} answered ${answer.code}: ${short(answer.body.toString())}`,
  );
}

/** What is stored can be read, written and stored again, unchanged. */
export async function checkStored(target: Target, entry: Entry): Promise<void> {
  const { object } = entry;
  const kind = kindOf(target, object);
  const decoded = decodeObject(JSON.parse(entry.json().toString()), kind.shape, { unknownFields: "collect" });
  if (decoded.unknownFields.length > 0) throw new Violation("unknown fields are stored", decoded.unknownFields.join());
  same("stored JSON does not decode to itself", object, decoded.object);
  if (kind.shape.protoName !== undefined) {
    const plain = JSON.parse(entry.json().toString()) as JsonObject;
    const bytes = encodeProtobuf(plain, kind.shape);
    const back = decodeObject(decodeProtobuf(bytes, kind.shape), kind.shape, { unknownFields: "drop" });
    // Templates have no kind on the protobuf wire; defaults give it back.
    for (const one of [plain, back.object]) kind.strategy.applyDefaults?.(one as unknown as KubeObject);
    same("protobuf does not decode to itself", plain, back.object);
  }
  if (kind.verbs.includes("update")) await checkUpdate(target, kind, entry);
  await checkForms(target, kind, object);
}

function kindOf(target: Target, object: KubeObject): ResourceKind {
  const { group, version } = parseApiVersion(object.apiVersion);
  const kind = target.kinds.byKind(group, version, object.kind);
  if (kind === undefined) throw new Violation("an unknown kind is stored", `${object.apiVersion} ${object.kind}`);
  return kind;
}

function urlOf(kind: ResourceKind, { metadata }: KubeObject): string {
  const base = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const namespace = kind.namespaced ? `/namespaces/${metadata.namespace}` : "";
  return `${base}${namespace}/${kind.resource}/${encodeURIComponent(metadata.name ?? "")}`;
}

/** Nobody checks the node that a binding names. */
const isBoundAnywhere = /Pod .* is invalid: spec.nodeName: Invalid value/;

async function checkUpdate(target: Target, kind: ResourceKind, entry: Entry): Promise<void> {
  const before = target.store.revision;
  const headers = { "content-type": "application/json", "user-agent": "fuzz-again/1" };
  const answer = await target.send({ method: "PUT", url: urlOf(kind, entry.object), headers, body: entry.json() });
  checkAnswer(target, answer);
  const text = answer.body.toString();
  if (answer.code !== 200 && isBoundAnywhere.test(text)) return;
  if (answer.code !== 200) throw new Violation("an unchanged update is refused", short(text));
  if (target.store.revision === before) return;
  const defaulted = cloneJson(entry.object);
  kind.strategy.applyDefaults?.(defaulted);
  if (!isDeepStrictEqual(defaulted, entry.object)) return; // a change of one field can ask for a default of another
  const now = await target.store.get(entry.key);
  if (now === undefined && entry.object.metadata.deletionTimestamp !== undefined) return; // nothing held it any more
  throw new Violation("an unchanged update is written", difference(entry.object, now?.object));
}

const forms = [
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
];

async function checkForms(target: Target, kind: ResourceKind, object: KubeObject): Promise<void> {
  for (const accept of forms) {
    const answer = await target.send({ method: "GET", url: urlOf(kind, object), headers: { accept } });
    checkAnswer(target, answer);
    if (answer.code !== 200 && answer.code !== 406) {
      throw new Violation(`cannot be read as ${accept}`, short(answer.body.toString()));
    }
  }
}

/** An apply that was taken changes nothing when it comes again. */
export async function checkApplyAgain(target: Target, step: Step): Promise<void> {
  // Versions hold once only; keys of list items that are empty get defaults, and are others then.
  if (/"(resourceVersion|uid)":|:(null|""|\{\})[,}]/.test(bytesOf(step).toString())) return;
  const before = target.store.revision;
  const objects = new Map((await target.changedSince(0)).map(({ key, object }) => [key, object]));
  const answer = await target.send(step);
  checkAnswer(target, answer);
  if (answer.code !== 200 && answer.code !== 201) {
    throw new Violation("an apply is refused the second time", short(answer.body.toString()));
  }
  const [changed] = await target.changedSince(before);
  if (changed === undefined) return;
  if (isDeepStrictEqual(content(objects.get(changed.key)), content(changed.object))) return;
  // Whoever applies to an object that nobody manages finds that somebody did before.
  if (objects.get(changed.key)?.metadata.managedFields === undefined) return;
  throw new Violation("an apply writes the second time", difference(objects.get(changed.key), changed.object));
}

/** Lists that are always written are null when they are empty on the protobuf wire. */
const withoutEmptyLists = (_name: string, value: unknown): unknown =>
  Array.isArray(value) && value.length === 0 ? null : value;

/** What an object says, without the version that it is. */
function content(object: KubeObject | undefined): unknown {
  return plain(object && { ...object, metadata: { ...object.metadata, resourceVersion: "" } });
}

function same(what: string, a: unknown, b: unknown): void {
  if (!isDeepStrictEqual(plain(a), plain(b))) throw new Violation(what, difference(a, b));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, withoutEmptyLists));
}

/** The first place where two values differ. */
function difference(a: unknown, b: unknown, path = ""): string {
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (path === ".metadata" && key === "resourceVersion") continue;
      const left: unknown = Reflect.get(a, key);
      const right: unknown = Reflect.get(b, key);
      if (!isDeepStrictEqual(left, right)) return difference(left, right, `${path}.${key}`);
    }
  }
  return `${path}: ${short(String(JSON.stringify(a)))} and ${short(String(JSON.stringify(b)))}`;
}
