import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  deepFreeze,
  errorBody,
  type FieldError,
  isApiError,
  type JsonObject,
  type JsonValue,
  type KubeObject,
} from "../meta/index.ts";
import { decodeObject } from "../schema/index.ts";
import { builtinKinds, createKindRegistry, defaultTable, type ResourceKind } from "./index.ts";

const recording = new URL("../../../../shared/spec/recorded/exchanges.jsonl", import.meta.url);
const now = Date.parse("2026-01-01T00:00:07Z");
const groups = ["", "apps", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "policy", "scheduling.k8s.io"];

interface Step {
  method: string;
  path: string;
  ct?: string;
  accept?: string;
  body?: JsonValue;
  expect?: { status: number; warnings?: string[]; body?: JsonObject };
}

interface Case {
  id: string;
  kind: string;
  steps: Step[];
}

function filled(line: string): string {
  return line
    .replaceAll("{sfx}", "abc12")
    .replaceAll("{ns}", "ns1")
    .replaceAll("{ip}", "10.96.77.1")
    .replaceAll("<uid>", "11111111-2222-3333-4444-555555555555")
    .replaceAll("<time>", "2026-01-01T00:00:00Z");
}

const registry = createKindRegistry(builtinKinds());

function kindOf(name: string): ResourceKind | undefined {
  const slash = name.lastIndexOf("/");
  return registry.byApiVersionKind(name.slice(0, slash), name.slice(slash + 1));
}

function casesOf(): Case[] {
  const lines = readFileSync(recording, "utf8").trimEnd().split("\n");
  const all = lines.map((line) => JSON.parse(filled(line)) as Case);
  return all.filter(({ kind }) => groups.includes(kindOf(kind)?.group ?? "?"));
}

/** The object of a request as the handlers have it before a strategy prepares it, admission included. */
function drafted(kind: ResourceKind, body: JsonValue | undefined): KubeObject | undefined {
  try {
    const { object } = decodeObject(structuredClone(body) as JsonObject, kind.shape, { unknownFields: "drop" });
    const draft = object as JsonObject & KubeObject;
    kind.strategy.applyDefaults?.(draft);
    draft.metadata.uid = "11111111-2222-3333-4444-555555555555";
    draft.metadata.creationTimestamp = "2026-01-01T00:00:00Z";
    if (kind.namespaced) draft.metadata.namespace ??= "ns1";
    return draft;
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}

function withServiceAccount(draft: KubeObject): void {
  if (draft.kind !== "Pod") return;
  const { spec } = draft as KubeObject & { spec: { serviceAccountName?: string; serviceAccount?: string } };
  spec.serviceAccountName ??= "default";
  spec.serviceAccount ??= "default";
}

function textsOf(errors: readonly FieldError[] | undefined): string[] {
  return (errors ?? []).map((error) => `${error.field} ${error.type} ${errorBody(error)}`).sort();
}

function expectedOf(step: Step): string[] {
  const details = step.expect?.body?.details as { causes?: Record<string, string>[] } | undefined;
  return (details?.causes ?? []).map(({ field, reason, message }) => `${field} ${reason} ${message ?? ""}`).sort();
}

/** Metadata is the handlers' to check; differences in long texts are not told apart from those in the fields. */
function comparable(causes: readonly string[]): readonly string[] {
  const own = causes.filter((cause) => !/^metadata\.(name|labels|annotations|resourceVersion|namespace)\b/.test(cause));
  return own.map((cause) => cause.replace(/(pod updates may not change)[\s\S]*/, "$1"));
}

interface Tally {
  right: number;
  wrong: string[];
}

function isLoose(step: Step): boolean {
  const details = step.expect?.body?.details as { causes?: { message?: string }[] } | undefined;
  return (details?.causes ?? []).some(({ message }) => message === undefined);
}

/** `loose`: the recording holds only field and reason, as the original's words vary. */
function compare(
  tally: Tally,
  id: string,
  actual: readonly string[],
  expected: readonly string[],
  loose = false,
): void {
  const cut = (causes: readonly string[]) => (loose ? causes.map((text) => text.split(" ", 2).join(" ")) : causes);
  const [left, right] = [cut(comparable(actual)), cut(comparable(expected))];
  if (left.join("\n") === right.join("\n")) tally.right++;
  else tally.wrong.push(`${id}\n   ours   ${left.join("\n          ")}\n   theirs ${right.join("\n          ")}`);
}

function expectAgreement(tally: Tally, share: number): void {
  const total = tally.right + tally.wrong.length;
  const shown = tally.wrong.slice(0, Number(process.env.SHOW ?? 3)).join("\n");
  expect(total, "cases were found").toBeGreaterThan(0);
  expect(tally.right / total, `${tally.right} of ${total}\n${shown}`).toBeGreaterThanOrEqual(share);
  if (process.env.SHOW) console.log(`${tally.right} of ${total}\n${shown}`);
}

describe.skipIf(!existsSync(recording))("built-in kinds, held to the recording of the original", () => {
  it("refuses broken objects with the original's causes", () => {
    const tally: Tally = { right: 0, wrong: [] };
    for (const { id, kind: name, steps } of casesOf()) {
      const [step] = steps;
      const kind = kindOf(name);
      if (!id.includes(" create") || !step?.expect || !kind || step.expect.status === 400) continue;
      const draft = drafted(kind, step.body);
      if (!draft) continue;
      kind.strategy.prepareForCreate?.(draft);
      withServiceAccount(draft);
      compare(tally, id, textsOf(kind.strategy.validate?.(draft)), expectedOf(step));
    }
    expectAgreement(tally, 0.99);
  });

  it("warns as the original does", () => {
    const tally: Tally = { right: 0, wrong: [] };
    for (const { id, kind: name, steps } of casesOf()) {
      const [step] = steps;
      const kind = kindOf(name);
      if (!id.includes(" create") || step?.expect?.status !== 201 || !kind) continue;
      const draft = drafted(kind, step.body);
      if (!draft) continue;
      kind.strategy.prepareForCreate?.(draft);
      const theirs = (step.expect.warnings ?? []).filter((text) => !text.startsWith("unknown field"));
      compare(tally, id, kind.strategy.warnings?.(draft) ?? [], theirs);
    }
    expectAgreement(tally, 0.97);
  });

  it("holds updates to the original's rules", () => {
    const tally: Tally = { right: 0, wrong: [] };
    for (const { id, kind: name, steps } of casesOf()) {
      const kind = kindOf(name);
      // Where an update must name a revision, these are refused before anything is validated.
      if (!id.endsWith(" update") || !kind || kind.strategy.allowUnconditionalUpdate === false) continue;
      const old = drafted(kind, steps[0]?.body);
      if (!old) continue;
      kind.strategy.prepareForCreate?.(old);
      withServiceAccount(old);
      deepFreeze(old);
      for (const [i, step] of steps.entries()) {
        if (step.method !== "PUT" || !step.expect || ![200, 422].includes(step.expect.status)) continue;
        const draft = drafted(kind, step.body);
        if (!draft) continue;
        kind.strategy.prepareForUpdate?.(draft, old);
        compare(
          tally,
          `${id} ${i}`,
          textsOf(kind.strategy.validateUpdate?.(draft, old)),
          expectedOf(step),
          isLoose(step),
        );
      }
    }
    expectAgreement(tally, 0.98);
  });

  it("shows objects in the original's columns and cells", () => {
    const tally: Tally = { right: 0, wrong: [] };
    for (const { id, kind: name, steps } of casesOf()) {
      const kind = kindOf(name);
      const shown = steps.find((step) => step.accept?.includes("as=Table"))?.expect?.body;
      const created = steps[0]?.expect?.body;
      if (!id.endsWith(" lifecycle") || !kind || !shown || !created) continue;
      const table = kind.strategy.table ?? defaultTable;
      const [row] = (shown.rows ?? []) as { cells: unknown[] }[];
      const columns = (shown.columnDefinitions ?? []) as { name: string; type: string; priority: number }[];
      const object = JSON.parse(JSON.stringify(created)) as JsonObject & KubeObject;
      const normal = (cell: unknown) => (cell === "7s" ? "<age>" : String(cell));
      compare(
        tally,
        id,
        [...table.columns.map(columnText), ...table.cells(object, now).map(normal)],
        [...columns.map(columnText), ...(row?.cells ?? []).map(String)],
      );
    }
    expectAgreement(tally, 0.97);
  });

  it("fills the original's defaults", () => {
    const tally: Tally = { right: 0, wrong: [] };
    for (const { id, kind: name, steps } of casesOf()) {
      const [step] = steps;
      const kind = kindOf(name);
      if (!id.endsWith(" lifecycle") || !kind || step?.expect?.status !== 201) continue;
      const draft = drafted(kind, step.body);
      if (!draft) continue;
      kind.strategy.prepareForCreate?.(draft);
      const [ours, theirs] = [flat(draft), flat(step.expect.body ?? {})];
      compare(tally, id, missing(ours, theirs), notAdmitted(missing(theirs, ours)));
    }
    expectAgreement(tally, 1);
  });
});

function columnText(column: { name: string; type: string; format?: string; priority?: number }): string {
  return `${column.name} ${column.type} ${column.format ?? ""} ${column.priority ?? 0}`;
}

function missing(from: readonly string[], others: readonly string[]): string[] {
  return from.filter((text) => !others.includes(text));
}

/** Without what admission and allocation add, which are the API server's. */
function notAdmitted(texts: readonly string[]): string[] {
  const admitted =
    /^spec\.(ipFamil|preemptionPolicy|priority|serviceAccount|tolerations|volumes|taints|.*volumeMounts)/;
  return texts.filter((text) => !admitted.test(text));
}

/** Every leaf as `path=value`, without metadata and what placeholders stand for. */
function flat(object: object): string[] {
  const out: string[] = [];
  const walk = (value: unknown, path: string) => {
    if (value === undefined) return;
    const empty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    if (typeof value !== "object" || value === null || empty) out.push(`${path}=${JSON.stringify(value)}`);
    else for (const [key, child] of Object.entries(value)) walk(child, `${path}.${key}`);
  };
  for (const [key, value] of Object.entries(object)) if (key !== "metadata") walk(value, key);
  return out.filter((text) => !/"<(ip|port|age|x)>"|kube-api-access|="\d+m"$/.test(text)).sort();
}
