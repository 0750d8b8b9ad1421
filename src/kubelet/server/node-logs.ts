import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Target } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import type { ServedNode } from "./served-node.ts";

/** `/logs/...`: the node's own log files; a folder is listed. @throws Refusal */
export async function serveNodeLogs(node: ServedNode, { parts }: Target, response: ServerResponse): Promise<void> {
  const { logFolder } = node;
  if (logFolder === undefined) throw new Refusal(405, "logs endpoint is disabled.");
  const path = resolve(logFolder, ...parts.slice(1));
  if (!isWithin(logFolder, path)) throw notFound();
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw notFound();
  // A link may lead anywhere on the node; who may read logs may not read that.
  const real = await realpath(path);
  if (!isWithin(await realpath(logFolder), real)) throw notFound();
  if (found.isDirectory()) {
    const names = await readdir(real, { withFileTypes: true });
    const links = names.map((entry) => entry.name + (entry.isDirectory() ? "/" : "")).sort();
    const list = links.map((name) => `<a href="${encodeURI(name)}">${escaped(name)}</a>`).join("\n");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(`<pre>\n${list}\n</pre>\n`);
    return;
  }
  if (!found.isFile()) throw notFound();
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  await pipeline(createReadStream(real), response).catch(() => undefined); // the client has gone
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(join(folder, sep));
}

function escaped(name: string): string {
  return name.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function notFound(): Refusal {
  return new Refusal(404, "404 page not found\n");
}
