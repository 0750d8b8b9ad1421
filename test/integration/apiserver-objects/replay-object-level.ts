// Plays the recorded exchanges against the object-level server, without HTTP, and prints how many answers agree.
// usage: node test/integration/apiserver-objects/replay-object-level.ts [--only TEXT] [--show N] [--by verb|kind]
// Steps about representations (tables, media types, broken JSON, discovery) are left to the replay over HTTP.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isApiError, type JsonValue, statusOf } from "../../../src/api/meta/index.ts";
import { warningsOfError } from "../../../src/apiserver/handlers/index.ts";
import type { ApiRequest, ApiResponse, PatchType, Verb } from "../../../src/apiserver/index.ts";
import { fullServer } from "./full-server.ts";
import { admin } from "./server.ts";

interface Step {
  readonly method: string;
  readonly path: string;
  readonly ct?: string;
  readonly accept?: string;
  readonly body?: JsonValue;
  readonly expect?: { readonly status: number; readonly warnings: readonly string[]; readonly body: JsonValue };
}
interface Case {
  readonly id: string;
  readonly kind: string;
  readonly steps: readonly Step[];
  readonly cleanup?: readonly string[];
}

const shared = new URL("../../../../shared/", import.meta.url);
const { environment, fill, normalize, compare } = await import(new URL("tools/oracle-lib.mjs", shared).href);
const { values: args } = parseArgs({
  options: { only: { type: "string" }, show: { type: "string" }, by: { type: "string" } },
});
const cases = readFileSync(new URL("spec/recorded/exchanges.jsonl", shared), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case)
  .filter((one) => args.only === undefined || one.id.includes(args.only));

const server = await fullServer();
const totals = new Map<string, { steps: number; code: number; shape: number; text: number }>();
const differences: string[] = [];

for (const one of cases) {
  const env = environment();
  await call({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: env.ns } } });
  await call({
    method: "POST",
    path: `/api/v1/namespaces/${env.ns}/serviceaccounts`,
    body: { metadata: { name: "default" } },
  });
  for (const [index, step] of one.steps.entries()) {
    const filled = fill(step, env) as Step;
    const got = await call(filled);
    if (step.expect === undefined || got === undefined) continue;
    const result = compare(step.expect, {
      status: got.status,
      body: normalize(got.body, env),
      warnings: got.warnings.map((text) => normalize(text.replaceAll('"', '\\"'), env)),
    });
    const bucket = args.by === "verb" ? `${step.method} ${step.ct ?? ""}` : one.kind;
    const total = totals.get(bucket) ?? { steps: 0, code: 0, shape: 0, text: 0 };
    totals.set(bucket, total);
    total.steps++;
    for (const level of ["code", "shape", "text"] as const) if (result[level]) total[level]++;
    if (!result.text) {
      const level = result.shape ? "text" : result.code ? "shape" : "code";
      differences.push(`${one.id}#${index} [${level}] ${step.method} ${step.path}\n   ${result.why}`);
    }
  }
  for (const path of one.cleanup ?? []) await call(fill({ method: "DELETE", path }, env));
  await call({ method: "DELETE", path: `/api/v1/namespaces/${env.ns}` });
}
print();
await server.store.close();

async function call(step: Step): Promise<{ status: number; warnings: readonly string[]; body: unknown } | undefined> {
  const request = requestOf(step);
  if (request === undefined) return undefined;
  try {
    const answer = await server.handler.handle(request);
    return { status: codeOf(answer), warnings: answer.warnings ?? [], body: bodyOf(answer) };
  } catch (err) {
    if (!isApiError(err)) process.stderr.write(`${step.method} ${step.path}: ${(err as Error).stack}\n`);
    const status = statusOf(err);
    return { status: status.code ?? 500, warnings: warningsOfError(err), body: status };
  }
}

function codeOf(answer: ApiResponse): number {
  return answer.kind === "list" ? 200 : answer.code;
}

function bodyOf(answer: ApiResponse): unknown {
  if (answer.kind === "object") return JSON.parse(JSON.stringify(answer.object));
  if (answer.kind === "status") return answer.status;
  const items = answer.items.map(({ object: { kind: _, apiVersion: __, ...rest } }) => rest);
  return { kind: answer.listKind, apiVersion: answer.apiVersion, metadata: answer.metadata, items };
}

function requestOf(step: Step): ApiRequest | undefined {
  if (step.accept?.includes("as=") || step.accept === "text/csv" || typeof step.body === "string") return undefined;
  if (step.ct === "text/plain") return undefined;
  const url = new URL(step.path, "http://server");
  const query = url.searchParams;
  if (query.get("watch") || query.get("limit") === "x" || query.get("timeoutSeconds") === "x") return undefined;
  const parts = url.pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const grouped = parts.shift() === "apis";
  const group = grouped ? (parts.shift() ?? "") : "";
  const version = parts.shift();
  if (version === undefined || parts.length === 0) return undefined;
  let namespace: string | undefined;
  if (parts[0] === "namespaces" && parts.length > 2 && parts[2] !== "status" && parts[2] !== "finalize") {
    namespace = parts[1];
    parts.splice(0, 2);
  }
  const [resource = "", name, subresource] = parts;
  const verb = verbOf(step.method, name);
  const options = optionsOf(query, step, verb);
  const body = verb === "delete" || verb === "deletecollection" ? undefined : step.body;
  const patchType = verb === "patch" ? (step.ct as PatchType) : undefined;
  return { verb, group, version, resource, subresource, namespace, name, options, body, patchType, user: admin };
}

function verbOf(method: string, name: string | undefined): Verb {
  if (method === "GET") return name === undefined ? "list" : "get";
  if (method === "DELETE") return name === undefined ? "deletecollection" : "delete";
  return method === "POST" ? "create" : method === "PUT" ? "update" : "patch";
}

function optionsOf(query: URLSearchParams, step: Step, verb: Verb): ApiRequest["options"] {
  const options: Record<string, unknown> = {};
  for (const [name, value] of query) {
    if (name === "dryRun") options.dryRun = query.getAll(name);
    else if (name === "limit" || name === "gracePeriodSeconds") options[name] = Number(value);
    else if (name === "force") options[name] = value !== "false";
    else options[name] = value;
  }
  if ((verb === "delete" || verb === "deletecollection") && typeof step.body === "object" && step.body !== null) {
    const { apiVersion: _, kind: __, ...sent } = step.body as Record<string, unknown>;
    Object.assign(options, sent);
  }
  return options;
}

function print(): void {
  const share = (part: number, all: number) => `${((100 * part) / Math.max(1, all)).toFixed(1)}%`.padStart(7);
  const sum = { steps: 0, code: 0, shape: 0, text: 0 };
  const rows = [...totals].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, row] of rows) for (const field of ["steps", "code", "shape", "text"] as const) sum[field] += row[field];
  for (const [name, row] of [...rows, ["all", sum] as const]) {
    const shares = ["code", "shape", "text"].map((field) => `${field}${share(row[field as "code"], row.steps)}`);
    process.stdout.write(`${name.padEnd(46)} ${String(row.steps).padStart(6)} ${shares.join("  ")}\n`);
  }
  for (const text of differences.slice(0, Number(args.show ?? 20))) process.stdout.write(`\n${text}\n`);
  process.stdout.write(`\n${differences.length} differences\n`);
}
