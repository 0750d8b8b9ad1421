import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect, isIPv6 } from "node:net";
import type { HTTPGetAction } from "../../api/types/index.ts";
import type { Clock } from "../../host/index.ts";
import { grpcHealth } from "./grpc-health.ts";
import { type PodNetwork, type ProbeOutcome, type ProbeTarget, portNumber } from "./prober.ts";

/** Of a probe's answer this much is read. */
const bodyMax = 10 * 1024;
const redirectsMax = 10;

/** Reaches pods over the machine's own network, with the texts of the original's errors. */
export function networkProber(clock: Clock, userAgent: string): PodNetwork {
  return {
    http: (action, target, timeoutSeconds) => http(clock, userAgent, action, target, timeoutSeconds),
    tcp: (host, port, _target, timeoutSeconds) => tcp(clock, host, port, timeoutSeconds),
    grpc: (port, service, target, timeoutSeconds) =>
      grpcHealth(clock, joinHostPort(target.podIP, port), service, timeoutSeconds, userAgent),
  };
}

const failure = (output: string): ProbeOutcome => ({ result: "failure", output });

function tcp(clock: Clock, host: string, port: number, timeoutSeconds: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (outcome: ProbeOutcome) => {
      timer.cancel();
      socket.destroy();
      resolve(outcome);
    };
    const address = joinHostPort(host, port);
    const timer = clock.setTimer(timeoutSeconds * 1000, () => finish(failure(`dial tcp ${address}: i/o timeout`)));
    socket.once("connect", () => finish({ result: "success", output: "" }));
    socket.once("error", (error) => finish(failure(dialError(address, error))));
  });
}

/** As Go tells what went wrong with a connection. */
function dialError(address: string, error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${address}: no such host`;
  return `dial tcp ${address}: connect: ${connectErrors[code] ?? error.message}`;
}

const connectErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ECONNRESET: "connection reset by peer",
  ETIMEDOUT: "connection timed out",
};

async function http(
  clock: Clock,
  userAgent: string,
  action: HTTPGetAction,
  target: ProbeTarget,
  timeoutSeconds: number,
): Promise<ProbeOutcome> {
  const scheme = (action.scheme ?? "HTTP").toLowerCase();
  const host = action.host || target.podIP;
  const port = portNumber(target.container, action.port);
  if (!(port > 0 && port < 65536)) return failure(`invalid port number: ${action.port}`);
  const path = (action.path ?? "/").startsWith("/") ? (action.path ?? "/") : `/${action.path}`;
  let url = `${scheme}://${joinHostPort(host, port)}${path}`;
  const aborting = new AbortController();
  // Without a limit (hooks) it takes as long as it takes.
  const timer = timeoutSeconds > 0 ? clock.setTimer(timeoutSeconds * 1000, () => aborting.abort()) : undefined;
  try {
    for (let redirects = 0; ; redirects++) {
      const answer = await get(url, headersOf(action, userAgent), aborting.signal);
      const location = answer.status >= 300 && answer.status < 400 ? answer.location : undefined;
      if (location === undefined) return judge(answer.status, answer.body);
      const next = new URL(location, url);
      if (next.hostname !== new URL(url).hostname) {
        return { result: "success", output: `Probe terminated redirects, Response body: ${answer.body}` };
      }
      if (redirects >= redirectsMax) return failure(`Get "${url}": stopped after ${redirectsMax} redirects`);
      url = next.href;
    }
  } catch (error) {
    const why = aborting.signal.aborted
      ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
      : httpError(error, host, port);
    return failure(`Get "${url}": ${why}`);
  } finally {
    timer?.cancel();
  }
}

function judge(status: number, body: string): ProbeOutcome {
  if (status >= 200 && status < 400) return { result: "success", output: body };
  return failure(`HTTP probe failed with statuscode: ${status}`);
}

function httpError(error: unknown, host: string, port: number): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  if (code === "ECONNRESET") return error.message === "socket hang up" ? "EOF" : "read: connection reset by peer";
  return code in connectErrors || code === "ENOTFOUND" ? dialError(joinHostPort(host, port), error) : error.message;
}

function headersOf({ httpHeaders }: HTTPGetAction, userAgent: string): Record<string, string> {
  const headers: Record<string, string> = { "user-agent": userAgent, accept: "*/*" };
  for (const { name, value } of httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return headers;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly location?: string;
}

/** A connection of its own for each probe; certificates are not checked. */
function get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  const isTls = url.startsWith("https:");
  const agent = isTls ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
  const send = isTls ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { agent, headers, signal, rejectUnauthorized: false }, (response) => {
      readBody(response).then((body) => {
        const { statusCode: status = 0, headers } = response;
        request.destroy();
        resolve({ status, body, location: headers.location });
      }, reject);
    });
    request.once("error", reject);
    request.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= bodyMax) break;
  }
  return Buffer.concat(pieces).subarray(0, bodyMax).toString("utf8");
}

function joinHostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
