import type { IncomingMessage } from "node:http";
import { ApiError, errors, fieldError, type KubeObject, root } from "../../../api/meta/index.ts";
import { requestOn } from "../../dial/index.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "../exchange.ts";
import type { Query } from "../query.ts";
import { readAll } from "../read-body.ts";
import { containerOf, type PodContainers } from "./containers.ts";
import { type KubeletClient, unknownError } from "./kubelets.ts";

/** How much of a kubelet's refusal is read. */
const refusalBytesMax = 50_000;

/** Sends a container's log as it comes. Failures before the first byte are thrown, so that the client gets a Status. */
export async function sendPodLog(
  kubelets: KubeletClient,
  pod: KubeObject & PodContainers,
  query: Query,
  exchange: Exchange,
  headers: AnswerHeaders,
): Promise<void> {
  const path = logPath(pod, query);
  headers["content-type"] = "text/plain";
  const { nodeName } = pod.spec ?? {};
  if (nodeName === undefined || nodeName === "") {
    exchange.send(200, headers, ""); // nothing has run yet
    return;
  }
  const gone = new AbortController();
  exchange.onFinished(() => gone.abort());
  const response = await ask(kubelets, nodeName, path, gone.signal);
  await refuseUnlessOk(response, pod);
  await passOn(response, exchange.open(200, headers), exchange);
}

async function ask(
  kubelets: KubeletClient,
  nodeName: string,
  path: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const kubelet = await kubelets.locate(nodeName);
  try {
    const socket = await kubelet.connect();
    return await requestOn({ method: "GET", path, headers: { host: kubelet.authority }, socket, signal });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw unknownError(`Get "https://${kubelet.authority}${path}": ${why}`);
  }
}

async function refuseUnlessOk(response: IncomingMessage, pod: KubeObject): Promise<void> {
  const { statusCode: code = 500 } = response;
  if (code >= 200 && code <= 206) return;
  const text = (await readAll(response, refusalBytesMax, undefined)).toString();
  if (code === 500) throw errors.internalError(new Error(text));
  if (code === 400) throw errors.badRequest(text);
  const { name = "" } = pod.metadata;
  if (code !== 404) throw unknownError(text);
  throw new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `the server could not find the requested resource ( pods/log ${name})`,
    reason: "NotFound",
    details: { name, kind: "pods/log", causes: [{ reason: "UnexpectedServerResponse", message: text }] },
    code: 404,
  });
}

/** Passes an answer on piece by piece, no faster than the client reads it. */
export async function passOn(response: IncomingMessage, stream: AnswerStream, exchange: Exchange): Promise<void> {
  try {
    for await (const chunk of response) {
      if (stream.lost) return;
      if (!stream.write(chunk as Buffer)) {
        await new Promise<void>((resolve) => {
          stream.onDrain(resolve);
          exchange.onFinished(resolve);
        });
      }
    }
    stream.end();
  } catch {
    stream.destroy(); // too late for a Status
  }
}

/** @throws ApiError for options that make no sense. */
function logPath(pod: KubeObject & PodContainers, query: Query): string {
  const onward = new URLSearchParams();
  const container = containerOf(pod, query.get("container")?.[0] || undefined);
  for (const name of ["follow", "previous", "timestamps"]) {
    if (isSet(query.get(name)?.[0])) onward.set(name, "true");
  }
  const checks: [string, number, string][] = [
    ["sinceSeconds", 1, "must be greater than 0"],
    ["tailLines", 0, "must be greater than or equal to 0"],
    ["limitBytes", 1, "must be greater than 0"],
  ];
  const problems = checks.flatMap(([name, min, message]) => {
    const value = integer(query.get(name)?.[0]);
    if (value === undefined) return [];
    onward.set(name, String(value));
    return value < min ? [fieldError.invalid(root(name), value, message)] : [];
  });
  const sinceTime = query.get("sinceTime")?.[0];
  if (sinceTime) onward.set("sinceTime", sinceTime);
  if (sinceTime && onward.has("sinceSeconds")) {
    const message = "at most one of `sinceTime` or `sinceSeconds` may be specified";
    problems.push(fieldError.forbidden(root("sinceTime"), message));
  }
  if (problems.length > 0)
    throw errors.invalid({ group: "", kind: "PodLogOptions" }, pod.metadata.name ?? "", problems);
  const { namespace = "", name = "" } = pod.metadata;
  const path = ["containerLogs", namespace, name, container].map(encodeURIComponent).join("/");
  return onward.size === 0 ? `/${path}` : `/${path}?${onward}`;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "0" && value.toLowerCase() !== "false";
}

function integer(value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  if (!/^[+-]?[0-9]+$/.test(value)) throw errors.badRequest(`strconv.ParseInt: parsing "${value}": invalid syntax`);
  return Number(value);
}
