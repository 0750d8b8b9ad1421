import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { fastHost } from "../support/fast-host.ts";
import { core } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { template } from "../support/workloads.ts";

// What is kept of the past is kept for minutes: at this speed they pass in seconds.
const suite = conformanceSuite({ nodes: false, host: fastHost(40) });
const total = 400;

async function manyTemplates(): Promise<string> {
  const path = core(await suite.namespace(), "podtemplates");
  const names = Array.from({ length: total }, (_, index) => `template-${String(index).padStart(4, "0")}`);
  await Promise.all(
    names.map((name) => suite.api.create(path, { metadata: { name }, template: template({ a: "b" }) })),
  );
  return path;
}

async function page(path: string, limit: number, token = ""): Promise<Json> {
  return suite.api.get(`${path}?limit=${limit}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`);
}

test("API Chunking, server should return chunks of results for list calls", async () => {
  const path = await manyTemplates();
  const names: string[] = [];
  let token = "";
  let version: string | undefined;
  for (;;) {
    const list = await page(path, 33, token);
    version ??= list.metadata.resourceVersion;
    names.push(...list.items.map((item: Json) => item.metadata.name));
    expect(list.items.length).toBeLessThanOrEqual(33);
    expect(list.metadata.resourceVersion).toBe(version);
    expect(list.metadata.remainingItemCount).toBe(names.length === total ? undefined : total - names.length);
    token = list.metadata.continue ?? "";
    if (token === "") break;
  }
  expect(names).toHaveLength(total);
  expect(names).toEqual([...names].sort());
  const whole = await page(path, 0);
  expect(whole.items).toHaveLength(total);
  expect(whole.metadata.continue ?? "").toBe("");
  // A limit that is larger than the list changes nothing.
  expect((await page(path, total + 1)).items).toHaveLength(total);
});

test("API Chunking, server should support continue listing from the last key even if the original version has been compacted away", async () => {
  const { api } = suite;
  const path = await manyTemplates();
  const first = await page(path, 40);
  expect(first.items).toHaveLength(40);
  expect(first.metadata.remainingItemCount).toBe(total - 40);
  const again = `${path}?limit=40&continue=${encodeURIComponent(first.metadata.continue)}`;
  const marker = core("default", "configmaps");
  // Revisions are let go as others are written: one write a look.
  let answer = await api.call("GET", again);
  const deadline = Date.now() + 40_000;
  while (answer.status === 200 && Date.now() < deadline) {
    await api.create(marker, { metadata: { generateName: "time-passes-" } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await api.call("GET", again);
  }
  expect(answer.status).toBe(410);
  expect(answer.body.reason).toBe("Expired");
  const inconsistent = answer.body.metadata.continue;
  expect(inconsistent).toBeTruthy();

  const second = await page(path, 40, inconsistent);
  expect(second.items).toHaveLength(40);
  expect(second.items[0].metadata.name).toBe("template-0040");
  expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
  let seen = 80;
  expect(second.metadata.remainingItemCount).toBe(total - seen);
  let token = second.metadata.continue;
  while (token !== undefined && token !== "") {
    const list = await page(path, 40, token);
    seen += list.items.length;
    expect(list.metadata.remainingItemCount ?? 0).toBe(total - seen);
    expect(list.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
    token = list.metadata.continue;
  }
  expect(seen).toBe(total);
});

test("API metadata HTTP return", async () => {
  const answer = await suite.api.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { namespace: "default", verb: "get", resource: "pods" } },
    },
  });
  expect(answer.status).toBe(406);
  expect(answer.body).toMatchObject({ kind: "Status", reason: "NotAcceptable", code: 406 });
});
