import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveNodeLogs } from "./node-logs.ts";
import { targetOf } from "./paths.ts";
import type { ServedNode } from "./served-node.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "node-logs-"));
  await mkdir(join(base, "log", "pods"), { recursive: true });
  await mkdir(join(base, "log-of-others"));
  await writeFile(join(base, "log", "messages"), "booted\n");
  await writeFile(join(base, "log-of-others", "secret"), "swordfish");
  await writeFile(join(base, "secret"), "swordfish");
  await symlink(join(base, "secret"), join(base, "log", "link"));
  await symlink(base, join(base, "log", "out"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function ask(path: string): Promise<string> {
  const sent = new PassThrough();
  const response = Object.assign(sent, { writeHead: () => sent }) as unknown as ServerResponse;
  await serveNodeLogs({ logFolder: join(base, "log") } as ServedNode, targetOf(path), response);
  return (await sent.toArray()).join("");
}

test("the node's logs are listed and read", async () => {
  expect(await ask("/logs/messages")).toBe("booted\n");
  expect(await ask("/logs/")).toContain('<a href="pods/">pods/</a>');
});

test.each([
  "/logs/../secret",
  "/logs/%2e%2e/secret",
  "/logs/..%2fsecret",
  "/logs/pods/../../secret",
  "/logs/..%2flog-of-others/secret",
  "/logs/%2Fetc%2Fpasswd",
  "/logs/link",
  "/logs/out/secret",
  "/logs/messages%00",
  "/logs/nothing",
])("%s leads nowhere", async (path) => {
  await expect(ask(path)).rejects.toMatchObject({ code: 404 });
});
