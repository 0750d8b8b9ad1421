import { request } from "node:https";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { servingPair } from "../../certificates/index.ts";
import { systemHost } from "../../host/index.ts";
import { followSpdyCommand, requestUpgrade, SpdyConnection } from "../../streams/index.ts";
import { containerConfig, sandboxConfig } from "../pods/configs.ts";
import { SimulatedRuntime } from "../runtime/simulated/index.ts";
import { type KubeletServer, startKubeletServer } from "./index.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "n", uid: "u" },
  spec: {
    containers: [{ name: "c", image: "busybox", command: ["sh", "-c", "echo one; echo two; echo three; sleep 3600"] }],
  },
  status: { phase: "Running", startTime: "2026-01-01T00:00:00Z" },
};

let server: KubeletServer;
beforeAll(async () => {
  const host = systemHost({ log: { level: "error" } });
  const runtime = new SimulatedRuntime({ host, preloadedImages: ["busybox"] });
  runtime.usePodRange("10.244.0.0/24");
  const sandbox = sandboxConfig(pod, 0);
  const sandboxId = await runtime.runPodSandbox(sandbox);
  const [container] = pod.spec?.containers ?? [];
  if (container === undefined) throw new Error("the pod has a container");
  const id = await runtime.createContainer(sandboxId, containerConfig(pod, container, "main", 0, undefined));
  await runtime.startContainer(id);
  // One token is known; what its owner may is not asked.
  const client = {
    resource: () => ({
      create: async ({ spec }: { spec: { token?: string } }) => ({
        status: { authenticated: spec.token === "known", user: { username: "jane", groups: [] } },
      }),
    }),
  };
  server = await startKubeletServer({
    ...servingPair(host, "node-a", ["127.0.0.1"]),
    client: client as never,
    authorization: "AlwaysAllow",
    address: "127.0.0.1",
    port: 0,
    node: {
      name: "node-a",
      host,
      runtime,
      logs: runtime,
      pods: () => [
        { pod, sandboxId, containerId: (name, isPrevious) => (name === "c" && !isPrevious ? id : undefined) },
      ],
      configuration: { maxPods: 110 },
    },
  });
});
afterAll(() => server.close());

function ask(path: string, token = "known", method = "GET"): Promise<{ code: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const options = { port: server.port, path, method, headers, rejectUnauthorized: false };
    const sent = request(options, (response) => {
      text(response).then((body) => resolve({ code: response.statusCode ?? 0, body }), reject);
    });
    sent.once("error", reject);
    sent.end();
  });
}

test("who is not known is not answered", async () => {
  expect(await ask("/pods", "unknown")).toEqual({ code: 401, body: "Unauthorized" });
});

test("the node tells how it is and what it runs", async () => {
  expect(await ask("/healthz")).toEqual({ code: 200, body: "ok" });
  expect(await ask("/healthz/syncloop")).toEqual({ code: 200, body: "ok" });
  expect(JSON.parse((await ask("/pods")).body)).toMatchObject({ kind: "PodList", items: [pod] });
  const running = JSON.parse((await ask("/runningpods/")).body);
  expect(running.items).toMatchObject([{ metadata: { name: "p", namespace: "n", uid: "u" } }]);
  expect(JSON.parse((await ask("/configz")).body)).toEqual({ kubeletconfig: { maxPods: 110 } });
  const summary = JSON.parse((await ask("/stats/summary")).body);
  expect(summary).toMatchObject({ node: { nodeName: "node-a" }, pods: [{ podRef: { name: "p" } }] });
  const { body } = await ask("/metrics");
  expect(body).toContain('kubelet_node_name{node="node-a"} 1\n');
  expect(body).toContain("kubelet_running_pods 1\n");
  expect((await ask("/metrics/resource")).body).toContain("resource_scrape_error 0\n");
  expect(await ask("/logs/")).toMatchObject({ code: 405 });
});

test("what there is not is not found, and what is not read is not allowed", async () => {
  expect(await ask("/nothing")).toMatchObject({ code: 404 });
  expect(await ask("/pods", "known", "DELETE")).toMatchObject({ code: 405 });
  expect(await ask("/exec/n/p/c?command=ls&output=1", "known", "POST")).toEqual({
    code: 400,
    body: "Upgrade request required",
  });
  expect(await ask("/%zz")).toMatchObject({ code: 400 });
});

describe("the log of a container", () => {
  test("is cut and stamped as asked", async () => {
    expect(await ask("/containerLogs/n/p/c")).toEqual({ code: 200, body: "one\ntwo\nthree\n" });
    expect((await ask("/containerLogs/n/p/c?tailLines=1")).body).toBe("three\n");
    expect((await ask("/containerLogs/n/p/c?limitBytes=5")).body).toBe("one\nt");
    expect((await ask("/containerLogs/n/p/c?timestamps=true&tailLines=1")).body).toMatch(/^\d{4}-.*Z three\n$/);
  });

  test("says what is wrong", async () => {
    expect(await ask("/containerLogs/n/none/c")).toEqual({ code: 404, body: 'pod "none" does not exist\n' });
    expect(await ask("/containerLogs/n/p/d")).toEqual({ code: 404, body: 'container "d" not found in pod "p"\n' });
    expect((await ask("/containerLogs/n/p/c?previous=true")).code).toBe(400);
    expect((await ask("/containerLogs/n/p/c?tailLines=-1")).code).toBe(422);
    expect((await ask("/containerLogs/n/p/c?tailLines=x")).code).toBe(400);
  });
});

test("a command runs to its end, or on streams", async () => {
  expect(await ask("/run/n/p/c?cmd=echo+hello", "known", "POST")).toEqual({ code: 200, body: "hello\n" });
  const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
  const protocol = "v4.channel.k8s.io";
  const headers = {
    host: "node-a",
    connection: "Upgrade",
    upgrade: "SPDY/3.1",
    "x-stream-protocol-version": protocol,
    authorization: "Bearer known",
  };
  const path = "/exec/n/p/u/c?command=sh&command=-c&command=exit+3&output=1";
  const answer = await requestUpgrade({ method: "POST", path, headers, socket });
  if (answer.kind !== "upgraded") throw new Error(`answered ${answer.response.statusCode}`);
  const options = { stdin: false, stdout: true, stderr: false, tty: false };
  const { signal } = new AbortController();
  const connection = new SpdyConnection(answer.socket, { role: "client" }, answer.head);
  expect(await followSpdyCommand(connection, protocol, options, { signal })).toEqual({ kind: "exited", code: 3 });
});

test("an upgrade that cannot be is refused with words", async () => {
  const refused = async (path: string, headers: Record<string, string>) => {
    const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
    const answer = await requestUpgrade({
      method: "POST",
      path,
      headers: { host: "n", connection: "Upgrade", upgrade: "SPDY/3.1", ...headers },
      socket,
    });
    if (answer.kind === "upgraded") throw new Error("it was upgraded");
    return { code: answer.response.statusCode, body: await text(answer.response) };
  };
  const known = { authorization: "Bearer known" };
  expect(await refused("/exec/n/p/c?command=ls&output=1", {})).toEqual({ code: 401, body: "Unauthorized" });
  expect(await refused("/exec/n/none/c?command=ls&output=1", known)).toEqual({ code: 404, body: "pod does not exist" });
  expect(await refused("/exec/n/p/other?command=ls&output=1", known)).toEqual({
    code: 500,
    body: 'container not found ("other")',
  });
  expect(await refused("/exec/n/p/c?command=ls", known)).toEqual({
    code: 400,
    body: "you must specify at least 1 of stdin, stdout, stderr",
  });
  const future = { ...known, "x-stream-protocol-version": "v9.channel.k8s.io" };
  expect(await refused("/exec/n/p/c?command=ls&output=1", future)).toMatchObject({ code: 403 });
});
