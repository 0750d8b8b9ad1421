import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import type { Clock } from "../../../host/index.ts";
import type { ContainerConfig } from "../runtime.ts";
import { argvOf } from "./behaviour.ts";
import { parseImageName } from "./images.ts";
import type { SimulatedProcess } from "./process.ts";
import { baseName, isAgnhost } from "./shell/index.ts";

/** A simulated container whose ports answer. */
export interface AnsweringContainer {
  readonly hostname: string;
  readonly config: ContainerConfig;
  readonly process: SimulatedProcess;
  readonly clock: Clock;
}

export interface HttpQuestion {
  readonly url: string;
  /** GET, or POST when there is a body. */
  readonly method?: string;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** Later it will be another. */
  readonly changes?: boolean;
}

const bodyLengthMax = 1 << 20;

/** The port of a program that is known to have one, and the flag that says another. */
const agnhostPorts: Readonly<Record<string, { readonly port: number; readonly flag?: string }>> = {
  liveness: { port: 8080 },
  netexec: { port: 8080, flag: "http-port" },
  "serve-hostname": { port: 9376, flag: "port" },
  "test-webserver": { port: 80, flag: "port" },
};

/** Whether a program that serves may do so at this port: of most it is not known where they do. */
export function mayServeAt(config: ContainerConfig, port: number): boolean {
  const [program = "", subcommand = "", ...args] = argvOf(config);
  const known = Object.hasOwn(agnhostPorts, subcommand) ? agnhostPorts[subcommand] : undefined;
  if (!isAgnhost(baseName(program)) || known === undefined || args.some((arg) => /^--(udp|sctp)-port/.test(arg))) {
    return true;
  }
  const at = known.flag === undefined ? -1 : args.findIndex((arg) => arg.startsWith(`--${known.flag}`));
  const said = args[at]?.split("=")[1] ?? (at < 0 ? undefined : args[at + 1]);
  return port === (said === undefined ? known.port : Number(said));
}

/** How long agnhost's `liveness` says that it is well. */
const wellMs = 10_000;

/** Where web servers have what they serve, by the last part of their image's name. */
const documentRoots: Readonly<Record<string, string>> = {
  httpd: "/usr/local/apache2/htdocs",
  nginx: "/usr/share/nginx/html",
};
/** What images serve that show which of them runs. */
const documents: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nautilus: { "/data.json": '{"image": "nautilus.jpg"}\n' },
  kitten: { "/data.json": '{"image": "kitten.jpg"}\n' },
};

/** A connection to a port on which a simulated container listens. It speaks HTTP. */
export function connectToContainer(container: AnsweringContainer): Duplex {
  const [client, server] = duplexPair();
  serverOf(container).emit("connection", server);
  return client;
}

function serverOf(container: AnsweringContainer): Server {
  return createServer((request, response) => void answer(container, request, response));
}

async function answer(
  container: AnsweringContainer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = "";
  for await (const chunk of request) if (body.length < bodyLengthMax) body += String(chunk);
  await container.process.files.load([]);
  const { method, url = "/" } = request;
  const { status, text } = answerOf(container, { method, url, body });
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

/**
 * What a simulated container says to a request: who it is, and `/hostname` and `/echo?msg=` as the image of Kubernetes' own
 * tests, which also ends on `/exit` and `/shutdown` when it is that image, and as `liveness` soon is not well any more.
 */
export function answerOf(container: AnsweringContainer, request: HttpQuestion): HttpAnswer {
  const { url, body = "", method = body === "" ? "GET" : "POST" } = request;
  const { hostname, config } = container;
  const { pathname, search, searchParams } = new URL(url, "http://localhost");
  const [program = "", subcommand] = argvOf(config);
  const agnhost = isAgnhost(baseName(program)) ? subcommand : undefined;
  const special =
    agnhost === undefined ? undefined : agnhostAnswer(container, agnhost, { path: pathname, search, body });
  const document = special ?? documentOf(container, pathname);
  if (document !== undefined) return document;
  if (pathname === "/hostname" || pathname === "/hostName") return { status: 200, text: hostname };
  if (pathname === "/echo") {
    return { status: Number(searchParams.get("code") ?? 200), text: searchParams.get("msg") ?? "" };
  }
  const who = `simulated container ${config.metadata.name} of ${config.image.image} in ${hostname}`;
  return { status: 200, text: `${who}\n${method} ${url}\n` };
}

/** What a web server serves of its files; undefined where nothing is known of them. */
function documentOf({ config, process }: AnsweringContainer, path: string): HttpAnswer | undefined {
  const image = baseName(parseImageName(config.image.image)?.path ?? "");
  const text = Object.hasOwn(documents, image) ? documents[image]?.[path] : undefined;
  if (text !== undefined) return { status: 200, text };
  const root = Object.hasOwn(documentRoots, image) ? documentRoots[image] : undefined;
  if (root === undefined) return undefined;
  const file = root + (path.endsWith("/") ? `${path}index.html` : path);
  const found = process.files.get(file);
  if (found === undefined) return { status: 404, text: "Not Found\n" };
  return found === "" ? undefined : { status: 200, text: found };
}

function agnhostAnswer(
  container: AnsweringContainer,
  subcommand: string,
  { path, search, body }: { readonly path: string; readonly search: string; readonly body: string },
): HttpAnswer | undefined {
  const { hostname, process, clock } = container;
  if (subcommand === "serve-hostname") return { status: 200, text: hostname };
  if (subcommand === "nettest") return netTestAnswer(hostname, process, path, body);
  if (subcommand === "liveness" && path === "/healthz") {
    const forMs = clock.now() - process.startedAtMs;
    return forMs > wellMs
      ? { status: 500, text: `error: ${forMs / 1000}` }
      : { status: 200, text: "ok", changes: true };
  }
  if (subcommand === "liveness" && path === "/redirect") return redirected(container, search);
  if (subcommand !== "netexec") return undefined;
  process.print(`${logTime(clock.now())} GET ${path}${search}`);
  if (path === "/healthz") return { status: 200, text: "" };
  if (path === "/shutdown" || path === "/exit") {
    process.finish(Number(new URLSearchParams(search).get("code") ?? 0) & 0xff);
  }
  return undefined;
}

/** Probes follow to another path of the same server, and take a redirect to another server for a success. */
function redirected(container: AnsweringContainer, search: string): HttpAnswer {
  const to = new URLSearchParams(search).get("loc") ?? "";
  return to.startsWith("/") ? answerOf(container, { url: to }) : { status: 302, text: "" };
}

/** How often whom `nettest` heard of. */
const heard = new WeakMap<SimulatedProcess, Map<string, number>>();

/** `nettest` counts who writes to it. */
function netTestAnswer(
  hostname: string,
  process: SimulatedProcess,
  path: string,
  body: string,
): HttpAnswer | undefined {
  const received = heard.get(process) ?? new Map<string, number>();
  if (path === "/read") {
    const state = { Hostname: hostname, Sent: {}, Received: Object.fromEntries(received), Errors: null, Log: null };
    return { status: 200, text: JSON.stringify({ ...state, StillContactingPeers: false }, undefined, "\t") };
  }
  if (path !== "/write") return undefined;
  const source = /"[Ss]ource"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? "";
  heard.set(process, received.set(source, (received.get(source) ?? 0) + 1));
  return { status: 200, text: `${JSON.stringify({ Hostname: hostname })}\n` };
}

/** As Go's standard logger writes it. */
function logTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll("-", "/").replace("T", " ");
}
