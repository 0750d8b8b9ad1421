import type { PathRequest, PathRoutes } from "./path-routes.ts";
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

  register(routes: PathRoutes): void {
    const lists = { healthz: this.#healthz, livez: this.#livez, readyz: this.#readyz };
    for (const [name, list] of Object.entries(lists)) {
      routes.exact(`/${name}`, (request) => sendAll(request, name, list));
      routes.below(`/${name}/`, (request) => sendOne(request, name, list));
    }
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
