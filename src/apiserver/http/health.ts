import { answerHeaders } from "./headers.ts";
import type { PathHandler, PathRequest, PathRoutes } from "./path-routes.ts";
import { notFoundText, sendText } from "./path-routes.ts";

/** One thing that must be well. */
export interface HealthCheck {
  readonly name: string;
  /** Throws when it is not well. */
  check(): void | Promise<void>;
}

/** The checks behind `/healthz`, `/livez` and `/readyz`; more may be added until the server stops. */
export class HealthChecks {
  readonly #healthz: HealthCheck[] = [];
  readonly #livez: HealthCheck[] = [];
  readonly #readyz: HealthCheck[] = [];
  readonly #looks = new Map<string, number>();

  /** To all three. */
  add(...checks: HealthCheck[]): void {
    for (const list of [this.#healthz, this.#livez, this.#readyz]) list.push(...checks);
  }

  addReadiness(...checks: HealthCheck[]): void {
    this.#readyz.push(...checks);
  }

  /** Resolves to true when every readiness check passes. */
  async isReady(): Promise<boolean> {
    const results = await Promise.all(this.#readyz.map(run));
    return results.every((failure) => failure === undefined);
  }

  /** @param metricsType of `/metrics/slis` */
  register(routes: PathRoutes, metricsType: string): void {
    const lists = { healthz: this.#healthz, livez: this.#livez, readyz: this.#readyz };
    for (const [name, list] of Object.entries(lists)) {
      routes.exact(`/${name}`, (request) => sendAll(request, name, list));
      const one: PathHandler = (request) => sendOne(request, name, list);
      // By themselves, too: the list of paths names them.
      for (const check of list) routes.exact(`/${name}/${check.name}`, one);
      routes.below(`/${name}/`, one);
    }
    routes.exact("/metrics/slis", async ({ exchange, auditId }) => {
      exchange.send(200, answerHeaders(metricsType, auditId), await this.#slis(lists));
    });
  }

  /** Each check as it is now, and how often it was looked at with which result. */
  async #slis(lists: Readonly<Record<string, readonly HealthCheck[]>>): Promise<string> {
    const now: string[] = [];
    for (const [type, checks] of Object.entries(lists)) {
      for (const check of checks) {
        const isWell = (await run(check)) === undefined;
        const name = `name="${check.name}"`;
        now.push(`kubernetes_healthcheck{${name},type="${type}"} ${isWell ? 1 : 0}`);
        const counted = `${name},status="${isWell ? "success" : "error"}",type="${type}"`;
        this.#looks.set(counted, (this.#looks.get(counted) ?? 0) + 1);
      }
    }
    const totals = [...this.#looks].map(([labels, count]) => `kubernetes_healthchecks_total{${labels}} ${count}`);
    return [
      "# HELP kubernetes_healthcheck [STABLE] Whether a check passes.",
      "# TYPE kubernetes_healthcheck gauge",
      ...now.sort(),
      "# HELP kubernetes_healthchecks_total [STABLE] How often a check had which result.",
      "# TYPE kubernetes_healthchecks_total counter",
      ...totals.sort(),
      "",
    ].join("\n");
  }
}

async function run(check: HealthCheck): Promise<Error | undefined> {
  try {
    await check.check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function sendAll(request: PathRequest, name: string, checks: readonly HealthCheck[]): Promise<void> {
  const excluded = new Set(
    (request.query.get("exclude") ?? []).map((text) => text.trim()).filter((text) => text !== ""),
  );
  let report = "";
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      report += `[+]${check.name} excluded: ok\n`;
      continue;
    }
    const failure = await run(check);
    if (failure !== undefined) failed = true;
    report += failure === undefined ? `[+]${check.name} ok\n` : `[-]${check.name} failed: reason withheld\n`;
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((text) => JSON.stringify(text)).join(",");
    report += `warn: some health checks cannot be excluded: no matches for ${names}\n`;
  }
  if (failed) sendText(request, 500, `${report}${name} check failed\n`);
  else sendText(request, 200, request.query.has("verbose") ? `${report}${name} check passed\n` : "ok");
}

async function sendOne(request: PathRequest, name: string, checks: readonly HealthCheck[]): Promise<void> {
  const asked = request.path.slice(name.length + 2);
  const check = checks.find((candidate) => candidate.name === asked);
  if (check === undefined) {
    sendText(request, 404, notFoundText);
    return;
  }
  const failure = await run(check);
  if (failure === undefined) sendText(request, 200, "ok");
  else sendText(request, 500, `internal server error: ${failure.message}\n`);
}
