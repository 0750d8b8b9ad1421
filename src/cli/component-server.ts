import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { type Client, delegatedAccess, resources } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { CommandError } from "./surroundings.ts";

/** Flags of a component's own HTTPS port. */
export interface ServingFlags {
  /** 0 serves nothing. */
  readonly securePort: number;
  readonly bindAddress: string;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  /** Paths that anybody may ask for. */
  readonly authorizationAlwaysAllowPaths: readonly string[];
}

export interface ServedComponent {
  readonly name: string;
  readonly host: Host;
  readonly client: Client;
  readonly flags: ServingFlags;
  /** Named checks behind /healthz and /livez: undefined is well, else what is wrong. */
  readonly checks: Readonly<Record<string, () => string | undefined>>;
}

export interface ComponentServer {
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly text: string;
  readonly type?: string;
}

const healthPaths = ["/healthz", "/livez", "/readyz"];
const authenticationConfig = { namespace: "kube-system", name: "extension-apiserver-authentication" };
/** As the original remembers what the API server said of a token or a right. */
const rememberedMs = { tokenMs: 10_000, allowedMs: 10_000, deniedMs: 10_000 };
const serverError = 500;

/**
 * Serves health and metrics over HTTPS. Who asks is told by a client certificate of the cluster or a token; whether they
 * may, by the API server. Undefined with port 0.
 * @throws CommandError when the port is taken or a certificate cannot be read.
 */
export async function serveComponent(component: ServedComponent): Promise<ComponentServer | undefined> {
  const { flags, host, name, client } = component;
  if (flags.securePort === 0) return undefined;
  const pair = await certificateOf(flags, host, name);
  const ca = await clientCa(client);
  const mayAsk = accessCheck(component);
  const server = createServer({ ...pair, ca, requestCert: ca !== undefined, rejectUnauthorized: false });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void answer(component, mayAsk, request)
      .catch((error: Error): Answer => ({ code: serverError, text: `${error.message}\n` }))
      .then(({ code, text, type = "text/plain; charset=utf-8" }) => {
        response.writeHead(code, { "content-type": type, "x-content-type-options": "nosniff" }).end(text);
      });
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(flags.securePort, flags.bindAddress, listening.resolve);
  await listening.promise.catch((error: Error) => {
    throw new CommandError(`cannot listen on ${flags.bindAddress}:${flags.securePort}: ${error.message}`);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type AccessCheck = (request: IncomingMessage, path: string) => Promise<Answer | undefined>;

async function answer(component: ServedComponent, mayAsk: AccessCheck, request: IncomingMessage): Promise<Answer> {
  const { pathname: path, searchParams } = new URL(request.url ?? "/", "https://component");
  const refusal = await mayAsk(request, path);
  if (refusal !== undefined) return refusal;
  if (request.method !== "GET" && request.method !== "HEAD") return { code: 405, text: "method not allowed\n" };
  const { metrics } = component.host;
  if (path === "/metrics") return { code: 200, text: await metrics.render(), type: metrics.contentType };
  const healthPath = healthPaths.find((known) => path === known || path.startsWith(`${known}/`));
  if (healthPath === undefined) return { code: 404, text: "404 page not found\n" };
  return health(component.checks, healthPath, path.slice(healthPath.length + 1), searchParams.has("verbose"));
}

/** As the original tells: `ok`, or each check on a line of its own. */
function health(checks: ServedComponent["checks"], endpoint: string, only: string, verbose: boolean): Answer {
  if (only !== "" && !Object.hasOwn(checks, only)) return { code: 404, text: "404 page not found\n" };
  const chosen = Object.entries(checks).filter(([name]) => only === "" || name === only);
  const lines = chosen.map(([name, check]) => {
    const wrong = check();
    return wrong === undefined ? `[+]${name} ok` : `[-]${name} failed: ${wrong}`;
  });
  const what = endpoint.slice(1);
  if (lines.some((line) => line.startsWith("[-]"))) {
    return { code: serverError, text: `${lines.join("\n")}\n${what} check failed\n` };
  }
  return { code: 200, text: verbose ? `${lines.join("\n")}\n${what} check passed\n` : "ok" };
}

/** Gives what refuses a request, or undefined when it may be answered. */
function accessCheck({ client, flags, host }: ServedComponent): AccessCheck {
  const delegated = delegatedAccess({ client, clock: host.clock, ...rememberedMs });
  return async (request, path) => {
    if (flags.authorizationAlwaysAllowPaths.some((free) => matchesPath(free, path))) return undefined;
    const user = await delegated.userOf(request, true);
    if (user === undefined) return { code: 401, text: "Unauthorized\n" };
    const verb = (request.method ?? "get").toLowerCase();
    if (await delegated.isAllowed(user, { nonResourceAttributes: { path, verb } })) return undefined;
    return { code: 403, text: `forbidden: User "${user.username}" cannot ${verb} path "${path}"\n` };
  };
}

/** A path of the flag may end in `*`. */
function matchesPath(free: string, path: string): boolean {
  return free.endsWith("*") ? path.startsWith(free.slice(0, -1)) : path === free;
}

async function certificateOf(flags: ServingFlags, host: Host, name: string): Promise<{ cert: string; key: string }> {
  const { tlsCertFile, tlsPrivateKeyFile } = flags;
  if (tlsCertFile !== undefined && tlsPrivateKeyFile !== undefined) {
    const read = (file: string) =>
      readFile(file, "utf8").catch((error: Error) => {
        throw new CommandError(error.message);
      });
    return { cert: await read(tlsCertFile), key: await read(tlsPrivateKeyFile) };
  }
  const { servingPair } = await import("../certificates/index.ts");
  return servingPair(host, name, ["localhost", "127.0.0.1"]);
}

/** What the API server tells other servers to trust clients by; without it only tokens say who asks. */
async function clientCa(client: Client): Promise<string | undefined> {
  const config = await client
    .resource(resources.configmaps)
    .find(authenticationConfig)
    .catch(() => undefined); // whoever may not read it can do without, as in the original
  return config?.data?.["client-ca-file"] || undefined;
}
