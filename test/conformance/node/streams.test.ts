import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container, isReady, pod } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 1 } });

/** All messages until the server closes. */
function messages(path: string, protocol: string): Promise<readonly Buffer[]> {
  const { server, caPem: ca, clientCertPem: cert, clientKeyPem: key } = suite.cluster.kubeconfig;
  const socket = new WebSocket(server.replace("https", "wss") + path, [protocol], { ca, cert, key });
  const received: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on("message", (data: Buffer) => received.push(data));
    socket.once("error", reject);
    socket.once("close", () => resolve(received));
  });
}

test("Pods, remote command execution over websocket", async () => {
  const namespace = await suite.namespace();
  await suite.api.create(
    pods(namespace),
    pod("p", { spec: { containers: [container({ image: "busybox", command: ["sleep", "3600"] })] } }),
  );
  await suite.api.until(`${pods(namespace)}/p`, isReady);
  const query = "stdout=1&stderr=1&container=c&command=echo&command=remote+execution+test";
  const received = await messages(`${pods(namespace)}/p/exec?${query}`, "channel.k8s.io");
  const stdout = received.filter((message) => message[0] === 1).map((message) => message.subarray(1));
  expect(Buffer.concat(stdout).toString()).toBe("remote execution test\n");
  expect(received.filter((message) => message[0] === 3 && message.length > 1)).toEqual([]);
  const failed = await messages(
    `${pods(namespace)}/p/exec?stdout=1&command=sh&command=-c&command=exit+3`,
    "v4.channel.k8s.io",
  );
  const status =
    failed
      .find((message) => message[0] === 3)
      ?.subarray(1)
      .toString() ?? "";
  expect(JSON.parse(status)).toMatchObject({
    status: "Failure",
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: "3" }] },
  });
});

test("Pods, logs from websockets", async () => {
  const namespace = await suite.namespace();
  const command = ["sh", "-c", "echo container is alive; sleep 10000"];
  await suite.api.create(
    pods(namespace),
    pod("p", { spec: { containers: [container({ image: "busybox", command })] } }),
  );
  await suite.api.until(`${pods(namespace)}/p`, isReady);
  const binary = await messages(`${pods(namespace)}/p/log?container=c`, "binary.k8s.io");
  expect(Buffer.concat(binary).toString()).toBe("container is alive\n");
  const base64 = await messages(`${pods(namespace)}/p/log?container=c`, "base64.binary.k8s.io");
  expect(base64.map((text) => Buffer.from(text.toString(), "base64").toString()).join("")).toBe("container is alive\n");
});
