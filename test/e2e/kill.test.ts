import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
afterAll(() => box.remove());

const creates = 1000;

test("SIGKILL in the middle of 1,000 concurrent creates loses no acknowledged object", async () => {
  const first = await box.start([]);
  const credentials = adminCredentials();
  const agent = new Agent({ ...credentials, keepAlive: true, maxSockets: 100 });
  const acknowledged: string[] = [];
  const killAfter = randomInt(200, 600);
  let killed: Promise<number | null> | undefined;
  const create = (name: string) =>
    new Promise<void>((resolve) => {
      const url = new URL("/api/v1/namespaces/default/configmaps", first.info.url);
      const post = request(url, { method: "POST", agent, headers: { "content-type": "application/json" } }, (res) => {
        res.resume().on("end", () => {
          if (res.statusCode === 201) acknowledged.push(name);
          if (acknowledged.length >= killAfter) killed ??= first.kill("SIGKILL");
          resolve();
        });
        res.on("error", () => resolve()); // cut off by the kill: not acknowledged
      });
      post.on("error", () => resolve()); // cut off by the kill: not acknowledged
      post.end(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { value: name } }));
    });
  await Promise.all(Array.from({ length: creates }, (_, i) => create(`c-${i}`)));
  expect(await killed).toBeNull();
  agent.destroy();
  expect(acknowledged.length).toBeGreaterThanOrEqual(killAfter);
  expect(acknowledged.length).toBeLessThan(creates);

  await box.start([]);
  const listed = JSON.parse((await box.kubectl("get configmaps -o json")).stdout);
  const found = new Map<string, string>(
    listed.items.map((item: { metadata: { name: string }; data?: { value?: string } }) => [
      item.metadata.name,
      item.data?.value,
    ]),
  );
  expect(acknowledged.filter((name) => found.get(name) !== name)).toEqual([]);
});

function adminCredentials(): { ca: Buffer; cert: Buffer; key: Buffer } {
  const config = parse(readFileSync(box.kubeconfig, "utf8"));
  const decode = (text: string) => Buffer.from(text, "base64");
  return {
    ca: decode(config.clusters[0].cluster["certificate-authority-data"]),
    cert: decode(config.users[0].user["client-certificate-data"]),
    key: decode(config.users[0].user["client-key-data"]),
  };
}
