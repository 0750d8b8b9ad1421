import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { answerAndEnd, UpgradeRefused } from "../../streams/index.ts";
import { RuntimeError } from "../runtime/runtime.ts";
import type { Access } from "./access.ts";
import { serveContainerLogs } from "./container-logs.ts";
import { podList, runningPodList } from "./documents.ts";
import { serveNodeLogs } from "./node-logs.ts";
import { type Target, targetOf } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { serveRun } from "./run.ts";
import type { ServedNode } from "./served-node.ts";
import { kubeletMetrics, probeMetrics } from "./stats/kubelet-metrics.ts";
import { cadvisorMetrics, resourceMetrics } from "./stats/metrics.ts";
import { statsSummary } from "./stats/summary.ts";
import { serveAttach, serveExec, servePortForward } from "./streams.ts";

/** The kubelet's API as Node's HTTP server calls it. Neither function throws or rejects. */
export interface KubeletHandler {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

interface Call {
  readonly node: ServedNode;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
}

interface Route {
  readonly methods: readonly string[];
  readonly serve: (call: Call) => void | Promise<void>;
}

const plainText = "text/plain; charset=utf-8";
const metricsText = "text/plain; version=0.0.4; charset=utf-8";
const readOnly = ["GET", "HEAD"];

/** By the first part of the path; what comes after it is the route's. */
const routes: Readonly<Record<string, Route>> = {
  healthz: { methods: readOnly, serve: healthz },
  pods: { methods: readOnly, serve: ({ node, response }) => sendJson(response, podList(node)) },
  runningpods: {
    methods: readOnly,
    serve: async ({ node, response }) => sendJson(response, await runningPodList(node)),
  },
  configz: {
    methods: readOnly,
    serve: ({ node, response }) => sendJson(response, { kubeletconfig: node.configuration }),
  },
  metrics: { methods: readOnly, serve: metrics },
  stats: { methods: readOnly, serve: stats },
  containerLogs: {
    methods: readOnly,
    serve: ({ node, target, response }) => serveContainerLogs(node, target, response),
  },
  logs: { methods: readOnly, serve: ({ node, target, response }) => serveNodeLogs(node, target, response) },
  run: { methods: ["GET", "POST"], serve: ({ node, target, response }) => serveRun(node, target, response) },
  exec: { methods: ["GET", "POST"], serve: needsUpgrade },
  attach: { methods: ["GET", "POST"], serve: needsUpgrade },
  portForward: { methods: ["GET", "POST"], serve: needsUpgrade },
};

const streamRoutes = { exec: serveExec, attach: serveAttach, portForward: servePortForward } as const;

/** @param access left out for callers that were let in already. */
export function kubeletHandler(node: ServedNode, access?: Access): KubeletHandler {
  const { log } = node.host;
  return {
    request: (request, response) => {
      answer(node, access, request, response).catch((error: unknown) => {
        const { code, message } = told(node, request, error);
        if (response.headersSent) response.destroy();
        else response.writeHead(code, { "content-type": plainText }).end(message);
      });
    },
    upgrade: (request, socket, head) => {
      socket.on("error", (error) => log.debug("a stream's connection broke", { error: error.message }));
      stream(node, access, request, socket, head).catch((error: unknown) => {
        const { code, message } = told(node, request, error);
        const headers = error instanceof UpgradeRefused ? error.headers : {};
        answerAndEnd(socket, code, { "Content-Type": plainText, ...headers }, message);
      });
    },
  };
}

async function answer(
  node: ServedNode,
  access: Access | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = targetOf(request.url ?? "/");
  await access?.check(request, target.path);
  const route = routes[target.parts[0] ?? ""];
  if (route === undefined) throw new Refusal(404, "404 page not found\n");
  if (!route.methods.includes(request.method ?? "")) throw new Refusal(405, "405: Method Not Allowed");
  await route.serve({ node, request, response, target });
}

async function stream(
  node: ServedNode,
  access: Access | undefined,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const target = targetOf(request.url ?? "/");
  await access?.check(request, target.path);
  const [name = ""] = target.parts;
  if (!(name in streamRoutes)) throw new Refusal(404, "404 page not found\n");
  await streamRoutes[name as keyof typeof streamRoutes](node, { request, socket, head, target });
}

function told(node: ServedNode, request: IncomingMessage, error: unknown): { code: number; message: string } {
  if (error instanceof Refusal || error instanceof UpgradeRefused) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RuntimeError) return { code: error.code === "NotFound" ? 404 : 500, message };
  node.host.log.error("a request to the kubelet failed", { path: request.url, error: message });
  return { code: 500, message };
}

function healthz({ target, response }: Call): void {
  const [, check] = target.parts;
  if (check !== undefined && !["ping", "log", "syncloop"].includes(check)) {
    throw new Refusal(404, "404 page not found\n");
  }
  response.writeHead(200, { "content-type": plainText, "x-content-type-options": "nosniff" }).end("ok");
}

async function metrics({ node, target, response }: Call): Promise<void> {
  const [, which] = target.parts;
  const text = await metricsOf(node, which);
  response.writeHead(200, { "content-type": metricsText }).end(text);
}

function metricsOf(node: ServedNode, which: string | undefined): Promise<string> {
  switch (which) {
    case undefined:
      return kubeletMetrics(node);
    case "cadvisor":
      return cadvisorMetrics(node);
    case "resource":
      return resourceMetrics(node);
    case "probes":
      return Promise.resolve(probeMetrics(node));
    default:
      throw new Refusal(404, "404 page not found\n");
  }
}

async function stats({ node, target, response }: Call): Promise<void> {
  if (target.parts[1] !== "summary") throw new Refusal(404, "404 page not found\n");
  sendJson(response, await statsSummary(node, target.query.get("only_cpu_and_memory") === "true"));
}

function needsUpgrade(): never {
  throw new Refusal(400, "Upgrade request required");
}

function sendJson(response: ServerResponse, document: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
}
