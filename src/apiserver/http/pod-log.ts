import { errors, type KubeObject } from "../../api/meta/index.ts";
import type { AnswerHeaders, Exchange } from "./exchange.ts";
import type { NodeConnector, PodLogOptions } from "./node-connector.ts";
import type { Query } from "./query.ts";

interface PodContainers {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
    readonly ephemeralContainers?: readonly { readonly name: string }[];
  };
}

const defaultContainerAnnotation = "kubectl.kubernetes.io/default-container";

/** Sends a container's log as it comes. Failures before the first byte are thrown, so that the client gets a Status. */
export async function sendPodLog(
  connector: NodeConnector,
  pod: KubeObject,
  query: Query,
  exchange: Exchange,
  headers: AnswerHeaders,
): Promise<void> {
  const options = parseLogOptions(pod, query);
  headers["content-type"] = "text/plain";
  if ((pod as KubeObject & PodContainers).spec?.nodeName === undefined) {
    // Nothing has run yet.
    exchange.send(200, headers, "");
    return;
  }
  const lines = connector.logs(pod, options)[Symbol.asyncIterator]();
  let next = await lines.next();
  const stream = exchange.open(200, headers);
  exchange.onFinished(() => void lines.return?.());
  try {
    while (!next.done && !stream.lost) {
      if (!stream.write(next.value)) await new Promise<void>((resolve) => waitUntilSent(stream, exchange, resolve));
      next = await lines.next();
    }
    stream.end();
  } catch {
    stream.destroy(); // too late for a Status
  }
}

function waitUntilSent(stream: { onDrain(fn: () => void): void }, exchange: Exchange, resolve: () => void): void {
  stream.onDrain(resolve);
  exchange.onFinished(resolve);
}

function parseLogOptions(pod: KubeObject, query: Query): PodLogOptions {
  const text = (name: string): string | undefined => query.get(name)?.[0] || undefined;
  const flag = (name: string): boolean => {
    const value = query.get(name)?.[0];
    return value !== undefined && value !== "0" && value.toLowerCase() !== "false";
  };
  const integer = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (!/^[+-]?[0-9]+$/.test(value)) throw errors.badRequest(`strconv.ParseInt: parsing "${value}": invalid syntax`);
    return Number(value);
  };
  return {
    container: containerOf(pod as KubeObject & PodContainers, text("container")),
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    sinceSeconds: integer("sinceSeconds"),
    sinceTime: text("sinceTime"),
    tailLines: integer("tailLines"),
    limitBytes: integer("limitBytes"),
    stream: text("stream"),
  };
}

/** The container asked for, or the only or preferred one. @throws ApiError 400 where it has to be named. */
export function containerOf(pod: KubeObject & PodContainers, asked: string | undefined): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const { name = "", annotations } = pod.metadata;
  if (asked !== undefined) {
    const known = [...containers, ...initContainers, ...ephemeralContainers].some((one) => one.name === asked);
    if (!known) throw errors.badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only.name;
  const preferred = annotations?.[defaultContainerAnnotation];
  if (preferred !== undefined && containers.some((one) => one.name === preferred)) return preferred;
  const names = (list: readonly { name: string }[]): string => `[${list.map((one) => one.name).join(" ")}]`;
  let message = `a container name must be specified for pod ${name}, choose one of: ${names(containers)}`;
  if (initContainers.length > 0) message += ` or one of the init containers: ${names(initContainers)}`;
  if (ephemeralContainers.length > 0) message += ` or one of the ephemeral containers: ${names(ephemeralContainers)}`;
  throw errors.badRequest(message);
}
