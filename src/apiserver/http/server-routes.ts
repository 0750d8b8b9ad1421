import type { Host } from "../../host/index.ts";
import type { SigningKey } from "../auth/index.ts";
import { answerHeaders } from "./headers.ts";
import { type PathRoutes, sendIndentedJson, sendText } from "./path-routes.ts";

/** The Kubernetes that this server is. */
export const serverVersion = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.2+sampan",
} as const;

/** `/version`. */
export function registerVersion(routes: PathRoutes): void {
  const { arch, platform, version } = process;
  const document = {
    ...serverVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "2026-01-01T00:00:00Z",
    goVersion: `node ${version}`,
    compiler: "v8",
    platform: `${platform}/${arch === "x64" ? "amd64" : arch}`,
  };
  for (const path of ["/version", "/version/"]) {
    routes.exact(path, (request) => sendIndentedJson(request, 200, document));
  }
}

/** `/metrics`, in the text format of Prometheus. */
export function registerMetrics(routes: PathRoutes, host: Host): void {
  routes.exact("/metrics", async (request) => {
    const text = await host.metrics.render();
    request.exchange.send(200, answerHeaders(host.metrics.contentType, request.auditId), text);
  });
}

/** `/`: what else there is. */
export function registerIndex(routes: PathRoutes): void {
  routes.exact("/", (request) => sendIndentedJson(request, 200, { paths: routes.paths() }));
}

/** How others check the tokens that this server issues: OIDC discovery. */
export function registerTokenDiscovery(routes: PathRoutes, key: SigningKey, issuer: string): void {
  const keysPath = "/openid/v1/jwks";
  const configuration = JSON.stringify({
    issuer,
    jwks_uri: `${issuer}${keysPath}`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [key.algorithm],
  });
  const keys = JSON.stringify({ keys: [key.jwk()] });
  const send = (path: string, type: string, text: string): void =>
    routes.exact(path, ({ exchange, auditId }) => {
      const headers = answerHeaders(type, auditId);
      headers["cache-control"] = "public, max-age=3600";
      exchange.send(200, headers, text);
    });
  send("/.well-known/openid-configuration", "application/json", configuration);
  send(keysPath, "application/jwk-set+json", keys);
}

/** What the flow control is doing at the moment. */
export function registerFlowDumps(routes: PathRoutes, dumps: ReadonlyMap<string, () => string>): void {
  for (const [name, dump] of dumps) {
    routes.exact(`/debug/api_priority_and_fairness/${name}`, (request) => sendText(request, 200, dump()));
  }
}
