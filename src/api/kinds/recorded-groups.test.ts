import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  deepFreeze,
  errorBody,
  type FieldError,
  formatApiVersion,
  isApiError,
  type JsonObject,
  type JsonValue,
  type KubeObject,
} from "../meta/index.ts";
import { decodeObject } from "../schema/index.ts";
import { builtinKinds, createKindRegistry, type ResourceKind } from "./index.ts";

const recording = new URL("../../../../shared/spec/recorded/exchanges.jsonl", import.meta.url);

/** The groups whose strategies this test holds to the recording. */
const groups = [
  "batch",
  "networking.k8s.io",
  "rbac.authorization.k8s.io",
  "autoscaling",
  "storage.k8s.io",
  "certificates.k8s.io",
  "node.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "admissionregistration.k8s.io",
  "apiregistration.k8s.io",
  "apiextensions.k8s.io",
  "resource.k8s.io",
];

/** Part of a message of the original that needs an evaluator of CEL expressions. */
const needsCEL = /compilation failed|undeclared reference/;

const now = Date.parse("2026-01-01T00:00:07Z");

interface Step {
  method: string;
  path: string;
  ct?: string;
  accept?: string;
  body?: JsonValue;
  looseText?: boolean;
  expect?: { status: number; warnings?: string[]; body?: JsonObject };
}

interface Case {
  id: string;
  kind: string;
  steps: Step[];
}

interface Tally {
  total: number;
  readonly differences: string[];
}

function filled(text: string): string {
  return text
    .replaceAll("{sfx}", "abc12")
    .replaceAll("{ns}", "ns1")
    .replaceAll("{ip}", "10.96.77.1")
    .replaceAll("<uid>", "11111111-2222-3333-4444-555555555555")
    .replaceAll("<time>", "2026-01-01T00:00:00Z")
    .replaceAll('"<resourceVersion>"', '"5"');
}

/** The recording has a placeholder for whatever looks like an age. */
function withoutAges(text: string): string {
  return text.replace(/"(\d+[smhdy])+"/g, '"<age>"');
}

function casesOf(prefix: string): Case[] {
  const lines = readFileSync(recording, "utf8").trimEnd().split("\n");
  return lines.flatMap((line) => {
    const found = JSON.parse(filled(line)) as Case;
    return found.kind?.startsWith(prefix) ? [found] : [];
  });
}

const registry = createKindRegistry(builtinKinds());

function kindOf(apiVersion: string): ResourceKind | undefined {
  const [, group = "", version = "", kind = ""] = /^(.*)\/([^/]+)\/([^/]+)$/.exec(apiVersion) ?? [];
  return registry.byKind(group, version, kind);
}

function asObject(value: JsonValue | undefined): (JsonObject & KubeObject) | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && "metadata" in value;
  return isObject ? (value as JsonObject & KubeObject) : undefined;
}

interface Outcome {
  readonly causes: string[];
  readonly object: KubeObject;
  readonly warnings: string[];
}

function decoded(kind: ResourceKind, body: JsonValue): KubeObject | undefined {
  const input = { ...(structuredClone(body) as JsonObject) };
  input.metadata ??= {};
  try {
    const { object } = decodeObject(input, kind.shape, { unknownFields: "drop" });
    const draft = object as JsonObject & KubeObject;
    kind.strategy.applyDefaults?.(draft);
    return draft;
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}

function created(kind: ResourceKind, body: JsonValue): Outcome | undefined {
  const draft = decoded(kind, body);
  if (draft === undefined) return undefined;
  if (draft.metadata.generateName) draft.metadata.name ??= `${draft.metadata.generateName}<x>`;
  draft.metadata.uid = "11111111-2222-3333-4444-555555555555";
  draft.metadata.creationTimestamp = "2026-01-01T00:00:00Z";
  if (kind.namespaced) draft.metadata.namespace ??= "ns1";
  kind.strategy.prepareForCreate?.(draft);
  return outcome(draft, kind.strategy.validate?.(draft), kind.strategy.warnings?.(draft));
}

function updated(kind: ResourceKind, body: JsonValue, old: KubeObject, subresource: string): Outcome | undefined {
  const draft = decoded(kind, body);
  if (draft === undefined) return undefined;
  draft.metadata = { ...draft.metadata, uid: old.metadata.uid, creationTimestamp: old.metadata.creationTimestamp };
  if (kind.namespaced) draft.metadata.namespace ??= "ns1";
  if (subresource === "") {
    kind.strategy.prepareForUpdate?.(draft, old);
    return outcome(draft, kind.strategy.validateUpdate?.(draft, old), kind.strategy.warnings?.(draft, old));
  }
  const part = kind.strategy.updates?.[subresource];
  if (part === undefined) return undefined;
  part.prepareForUpdate(draft, old);
  return outcome(draft, part.validateUpdate?.(draft, old), []);
}

function outcome(object: KubeObject, errors: FieldError[] | undefined, warnings: string[] | undefined): Outcome {
  const found = (errors ?? []).map((error) => `${error.type} ${error.field} ${errorBody(error)}`);
  // Generated names are placeholders here, of which would be warned.
  const meant = (warnings ?? []).filter((text) => !text.startsWith("metadata.name: this is used in"));
  return { causes: withoutMetadata(found), object, warnings: meant };
}

function withoutMetadata(causes: string[]): string[] {
  return causes.filter((cause) => !/^\w+ metadata\b/.test(cause));
}

function expectedCauses(body: JsonObject): string[] {
  const details = body.details as { causes?: { reason: string; field: string; message: string }[] } | undefined;
  const causes = details?.causes ?? [];
  return withoutMetadata(causes.map((cause) => `${cause.reason} ${cause.field} ${cause.message}`));
}

/** Without what the generic path and the store write. */
function comparable(object: JsonObject): string {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { labels, annotations } = metadata as JsonObject;
  if (kind === "CertificateSigningRequest") {
    // the server knows who asks
    const { username, uid, groups, extra, ...spec } = rest.spec as JsonObject;
    rest.spec = spec;
  }
  return withoutAges(JSON.stringify(sorted({ apiVersion, kind, labels, annotations, ...rest } as JsonObject)));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.flatMap((key) => (value[key] === undefined ? [] : [[key, sorted(value[key])]])));
}

function compareStep(kind: ResourceKind, id: string, step: Step, stored: Map<string, KubeObject>, tally: Tally): void {
  const { expect: expected } = step;
  const [path = ""] = step.path.split("?");
  const subresource = path.split("/").length > (kind.namespaced ? 8 : 6) ? (path.split("/").at(-1) ?? "") : "";
  const ownPath = subresource === "" ? path : path.slice(0, path.lastIndexOf("/"));
  const isJson = step.ct === undefined || step.ct === "application/json";
  const status = expected?.status ?? 0;
  const isAnswered = status === 200 || status === 201 || status === 422;
  if (isJson && isAnswered && step.body !== undefined && expected?.body && !step.accept?.includes("Table")) {
    const old = stored.get(ownPath);
    const actual =
      step.method === "POST"
        ? created(kind, step.body)
        : step.method === "PUT" && old
          ? updated(kind, step.body, old, subresource)
          : undefined;
    if (actual) compareOutcome(`${id} ${step.method} ${subresource}`, actual, expected.body, status, step, tally);
  }
  const answer = asObject(expected?.body);
  if (!answer || answer.apiVersion !== formatApiVersion(kind) || answer.kind !== kind.kind) return;
  if (status <= 201 && !step.path.includes("dryRun")) {
    stored.set(step.method === "POST" ? `${path}/${answer.metadata.name}` : ownPath, deepFreeze(answer));
  }
}

function compareOutcome(id: string, actual: Outcome, body: JsonObject, status: number, step: Step, tally: Tally): void {
  const reason = status === 422 ? (body.reason as string) : "";
  const details = body.details as { kind?: string } | undefined;
  if (status === 422 && (reason !== "Invalid" || /Options$/.test(details?.kind ?? ""))) return;
  const wanted = status === 422 ? expectedCauses(body) : [];
  if (wanted.some((cause) => needsCEL.test(cause))) return;
  tally.total++;
  if (wanted.join("\n") !== actual.causes.join("\n")) {
    tally.differences.push(`${id}\n  want ${wanted.join("\n       ")}\n  have ${actual.causes.join("\n       ")}`);
  } else if (status < 300) {
    const want = comparable(body);
    const have = comparable(actual.object as KubeObject & JsonObject);
    if (want !== have) tally.differences.push(`${id}\n  want ${want}\n  have ${have}`);
    const warnings = (step.expect?.warnings ?? []).filter((text) => !text.startsWith("unknown field"));
    if (warnings.join() !== actual.warnings.join()) {
      tally.differences.push(`${id}\n  want warnings ${warnings.join()}\n  have ${actual.warnings.join()}`);
    }
  }
}

function compareTables(kind: ResourceKind, found: Case, tally: Tally): void {
  let stored: KubeObject | undefined;
  for (const step of found.steps) {
    const answer = asObject(step.expect?.body);
    if (answer?.kind === kind.kind) stored = answer;
    if (answer?.kind !== "Table" || !kind.strategy.table) continue;
    const columns = answer.columnDefinitions as JsonObject[];
    const rows = answer.rows as { cells: JsonValue[] }[];
    tally.total++;
    const wanted = columns.map(({ name, type, format, priority }) => ({ name, type, format, priority }));
    const actual = kind.strategy.table.columns.map(({ name, type, format = "", priority = 0 }) => {
      return { name, type, format, priority };
    });
    const cells = stored && rows.length === 1 ? kind.strategy.table.cells(stored, now) : rows[0]?.cells;
    const want = `${columns.length > 0 ? JSON.stringify(wanted) : ""} ${JSON.stringify(rows[0]?.cells)}`;
    const have = `${columns.length > 0 ? JSON.stringify(actual) : ""} ${withoutAges(JSON.stringify(cells))}`;
    if (want !== have) tally.differences.push(`${found.id} table\n  want ${want}\n  have ${have}`);
  }
}

/** Strategies may make this share of their answers in other words than the original, and no more. */
const differentShareMax = 0.02;

describe.skipIf(!existsSync(recording))("against the recorded answers (skipped where ../shared is absent)", () => {
  it.each(groups)("%s: defaults, validation, updates and tables are the original's", (group) => {
    const tally: Tally = { total: 0, differences: [] };
    for (const found of casesOf(`${group}/`)) {
      const kind = kindOf(found.kind);
      if (!kind) throw new Error(`no kind ${found.kind}`);
      const stored = new Map<string, KubeObject>();
      for (const step of found.steps) compareStep(kind, found.id, step, stored, tally);
      compareTables(kind, found, tally);
    }
    const share = tally.differences.length / tally.total;
    expect(share, tally.differences.slice(0, 10).join("\n")).toBeLessThan(differentShareMax);
  });
});
