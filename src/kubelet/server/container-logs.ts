import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ApiError } from "../../api/meta/index.ts";
import { readLog } from "../logs.ts";
import { logOptionsOf } from "./log-options.ts";
import { containerPath, type Target } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { containerSpecOf, findPod, type ServedNode } from "./served-node.ts";

/** `/containerLogs/NAMESPACE/POD/CONTAINER`. @throws Refusal before the first byte. */
export async function serveContainerLogs(node: ServedNode, target: Target, response: ServerResponse): Promise<void> {
  const path = containerPath(target.parts);
  if (path === undefined || path.uid !== undefined) throw new Refusal(404, "404 page not found\n");
  const { namespace, pod: name, container } = path;
  const options = logOptionsOf(container, target.query);
  const served = findPod(node, namespace, name);
  if (served === undefined) throw new Refusal(404, `pod "${name}" does not exist\n`);
  if (containerSpecOf(served.pod, container) === undefined) {
    throw new Refusal(404, `container "${container}" not found in pod "${name}"\n`);
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const pieces = readLog({ clock: node.host.clock, logs: node.logs, served }, options, gone.signal);
  let first: IteratorResult<string | Buffer>;
  try {
    first = await pieces.next();
  } catch (error) {
    if (error instanceof ApiError) throw new Refusal(400, error.message);
    throw error;
  }
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders(); // who follows a silent log has its answer now
  await pipeline(Readable.from(after(first, pieces)), response).catch(() => undefined); // the client has gone
}

async function* after(
  first: IteratorResult<string | Buffer>,
  rest: AsyncGenerator<string | Buffer>,
): AsyncGenerator<string | Buffer> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}
