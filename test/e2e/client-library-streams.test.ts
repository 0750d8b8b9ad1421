// What @kubernetes/client-node streams: commands, ports, logs, copies; and a watch over WebSocket.
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Attach, CoreV1Api, Exec, KubeConfig, Log, PortForward, type V1Status } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { eventually } from "../support/eventually.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
const config = new KubeConfig();
const namespace = "default";
beforeAll(async () => {
  await box.start(["--ephemeral"]);
  config.loadFromFile(box.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const command = ["sh", "-c", "while true; do echo tick; sleep 0.2; done"];
  await core.createNamespacedPod({
    namespace,
    body: { metadata: { name: "web" }, spec: { containers: [{ name: "web", image: "nginx" }] } },
  });
  await core.createNamespacedPod({
    namespace,
    body: { metadata: { name: "clock" }, spec: { containers: [{ name: "clock", image: "busybox", command }] } },
  });
  for (const name of ["web", "clock"]) {
    await eventually(
      () => core.readNamespacedPod({ namespace, name }),
      ({ status }) => status?.containerStatuses?.[0]?.ready === true,
    );
  }
});
afterAll(() => box.remove());

test("a command reads its input to the end and tells how it ended", async () => {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const ended = new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, "web", "web", ["sh"], stdout, stderr, stdin, false, resolve)
      .then(() => stdin.end("echo hello\necho warning >&2\nexit 3\n"), reject);
  });
  const [out, err, status] = await Promise.all([text(stdout), text(stderr), ended]);
  expect([out, err]).toEqual(["hello\n", "warning\n"]);
  expect(status).toMatchObject({
    status: "Failure",
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: "3" }] },
  });
});

test("attaching shows what a container prints", async () => {
  const stdout = new PassThrough();
  const socket = await new Attach(config).attach(namespace, "clock", "clock", stdout, null, null, false);
  let seen = "";
  stdout.on("data", (chunk) => {
    seen += chunk;
  });
  await eventually(
    async () => seen,
    (printed) => printed.startsWith("tick\ntick\n"),
  );
  socket.close();
});

test("a port is forwarded", async () => {
  const output = new PassThrough();
  const input = new PassThrough();
  await new PortForward(config).portForward(namespace, "web", [80], output, null, input);
  let answer = "";
  output.on("data", (chunk) => {
    answer += chunk;
  });
  input.write("GET /hostname HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
  await eventually(
    async () => answer,
    (received) => received.startsWith("HTTP/1.1 200 OK") && received.includes("\r\n\r\n"),
  );
  expect(answer).toMatch(/web/);
});

test("a log is followed until its container ends", async () => {
  const core = config.makeApiClient(CoreV1Api);
  const command = ["sh", "-c", "echo first; sleep 1; echo last"];
  const containers = [{ name: "c", image: "busybox", command }];
  await core.createNamespacedPod({
    namespace,
    body: { metadata: { name: "ends" }, spec: { restartPolicy: "Never", containers } },
  });
  await eventually(
    () => core.readNamespacedPod({ namespace, name: "ends" }),
    ({ status }) => status?.containerStatuses?.[0]?.started === true || status?.phase === "Succeeded",
  );
  const stream = new PassThrough();
  await new Log(config).log(namespace, "ends", "c", stream, { follow: true });
  expect(await text(stream)).toBe("first\nlast\n");
});

test("a watch over WebSocket sees what happens, one event a message", async () => {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  const pem = (data: string | undefined, file: string | undefined) =>
    data === undefined ? readFileSync(file ?? "") : Buffer.from(data, "base64");
  const watch = (query: string) =>
    new WebSocket(`${cluster?.server.replace("https", "wss")}/api/v1/namespaces/default/configmaps?${query}`, {
      ca: pem(cluster?.caData, cluster?.caFile),
      cert: pem(user?.certData, user?.certFile),
      key: pem(user?.keyData, user?.keyFile),
    });
  const core = config.makeApiClient(CoreV1Api);
  const { metadata } = await core.listNamespacedConfigMap({ namespace });
  const socket = watch(`watch=1&resourceVersion=${metadata?.resourceVersion}`);
  const events: { type: string; object: { metadata: { name: string } } }[] = [];
  socket.on("message", (data: Buffer) => events.push(JSON.parse(data.toString())));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  for (let i = 0; i < 20; i++)
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: `w${i}` } } });
  await core.deleteNamespacedConfigMap({ namespace, name: "w0" });
  await eventually(
    async () => events,
    (seen) => seen.length >= 21,
  );
  expect(events.map(({ type }) => type)).toEqual([...Array<string>(20).fill("ADDED"), "DELETED"]);
  socket.close();
  const refused = watch("watch=1&resourceVersion=nonsense");
  refused.on("error", () => {}); // an answer that is no handshake
  const [, response] = await new Promise<[unknown, { statusCode?: number }]>((resolve) =>
    refused.once("unexpected-response", (...answer) => resolve(answer)),
  );
  expect(response.statusCode).toBe(400);
});
