import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container, Pod } from "../../src/api/types/index.ts";
import { serviceDefinition } from "../../src/grpc/index.ts";
import { boxPod, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const suffix = reason === undefined ? "" : ` (${reason})`;

let box: RealNodeBox;
let server: HttpServer;
/** Paths that hooks asked for, with what their headers said. */
const asked: string[] = [];

const sleeps = "exec sleep 1000";
const restarts = ({ status }: Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0;
const here = () => ({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
const web = { image: "docker.io/library/web:1", command: undefined };

async function hooked(lifecycle: Container["lifecycle"], container: Partial<Container> = {}): Promise<string> {
  const namespace = await box.namespace();
  await box.create(namespace, boxPod("p", sleeps, { ...container, lifecycle }, { terminationGracePeriodSeconds: 5 }));
  await box.podUntil(namespace, "p", isReady);
  return namespace;
}

async function isAsked(path: string): Promise<void> {
  await eventually(
    async () => asked,
    (paths) => paths.includes(path),
    10_000,
  );
}

/** Runs for a while and demands how often it was restarted. */
async function probed(livenessProbe: Container["livenessProbe"], container: Partial<Container> = web): Promise<string> {
  const namespace = await box.namespace();
  await box.create(
    namespace,
    boxPod("p", sleeps, { ...container, livenessProbe: { periodSeconds: 1, ...livenessProbe } }),
  );
  await box.podUntil(namespace, "p", isReady);
  return namespace;
}

const calm = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe.skipIf(reason !== undefined)(`hooks and probes on a real node${suffix}`, () => {
  beforeAll(async () => {
    server = createHttpServer((request, response) => {
      asked.push(`${request.url}`);
      response.end("ok");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    box = await RealNodeBox.start();
  });
  afterAll(async () => {
    server.close();
    await box?.stop();
  });

  describe.concurrent("hooks", () => {
    test("Pod Lifecycle, post start exec hook", async () => {
      const namespace = await hooked({ postStart: { exec: { command: ["sh", "-c", "echo hooked > /tmp/x"] } } });
      const pod = await box.podUntil(namespace, "p", isReady);
      expect(await box.exec(pod, "c", "cat", "/tmp/x")).toBe("hooked\n");
    });

    test("Pod Lifecycle, post start http hook", async () => {
      await hooked({ postStart: { httpGet: { path: "/post-start", ...here() } } });
      await isAsked("/post-start");
    });

    test("Pod Lifecycle, prestop exec hook", async () => {
      const volumes = [{ name: "v", hostPath: { path: box.containerd.folder } }];
      const namespace = await box.namespace();
      const preStop = { exec: { command: ["sh", "-c", "echo hooked > /v/pre-stop"] } };
      const container = { lifecycle: { preStop }, volumeMounts: [{ name: "v", mountPath: "/v" }] };
      await box.create(namespace, boxPod("p", sleeps, container, { volumes }));
      await box.podUntil(namespace, "p", isReady);
      await box.delete(namespace, "p");
      await box.podGone(namespace, "p");
      expect(readFileSync(`${box.containerd.folder}/pre-stop`, "utf8")).toBe("hooked\n");
    });

    test("Pod Lifecycle, prestop http hook", async () => {
      const namespace = await hooked({ preStop: { httpGet: { path: "/pre-stop", ...here() } } });
      await box.delete(namespace, "p");
      await isAsked("/pre-stop");
      await box.podGone(namespace, "p");
    });

    test("Pods, prestop hook", async () => {
      const { port } = here();
      const command = ["sh", "-c", `echo "GET /pods-prestop HTTP/1.0\r\n\r\n" | nc 127.0.0.1 ${port}`];
      const namespace = await box.namespace();
      const lifecycle = { preStop: { exec: { command } } };
      await box.create(namespace, boxPod("p", sleeps, { lifecycle }, { hostNetwork: true }));
      await box.podUntil(namespace, "p", isReady);
      await box.delete(namespace, "p");
      await isAsked("/pods-prestop");
      await box.podGone(namespace, "p");
    });

    test("a hook that outlives the grace period costs two seconds more, not longer", async () => {
      const namespace = await box.namespace();
      const lifecycle = { preStop: { exec: { command: ["sleep", "100"] } } };
      await box.create(namespace, boxPod("p", sleeps, { lifecycle }, { terminationGracePeriodSeconds: 2 }));
      await box.podUntil(namespace, "p", isReady);
      const begun = performance.now();
      await box.delete(namespace, "p");
      await box.podGone(namespace, "p");
      expect(performance.now() - begun).toBeGreaterThan(4000);
      expect(performance.now() - begun).toBeLessThan(12_000);
    });
  });

  describe.concurrent("probes", () => {
    test("Pod liveness probe, using http endpoint, failure", async () => {
      const namespace = await probed({ httpGet: { path: "/passwd", port: 80 } });
      await calm(4);
      expect(restarts(await box.podUntil(namespace, "p", isReady))).toBe(0);
    });

    test("Pod liveness probe, using http endpoint, restart", async () => {
      const namespace = await probed({ httpGet: { path: "/no-such", port: 80 }, failureThreshold: 1 });
      await box.podUntil(namespace, "p", (pod) => restarts(pod) > 0);
      expect(await box.events(namespace, "p")).toContain(
        "Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 404",
      );
    });

    test("Pod liveness probe, using tcp socket, no restart", async () => {
      const namespace = await probed({ tcpSocket: { port: 80 } });
      await calm(4);
      expect(restarts(await box.podUntil(namespace, "p", isReady))).toBe(0);
    });

    test("Pod liveness probe, using grpc call, success", async () => {
      const health = await healthServer();
      try {
        const namespace = await box.namespace();
        const livenessProbe = { grpc: { port: health.port }, periodSeconds: 1 };
        // In the machine's network, where the test serves.
        await box.create(namespace, boxPod("p", sleeps, { livenessProbe }, { hostNetwork: true }));
        await box.podUntil(namespace, "p", isReady);
        await calm(4);
        expect(restarts(await box.podUntil(namespace, "p", isReady))).toBe(0);
        expect(health.calls()).toBeGreaterThan(1);
      } finally {
        health.close();
      }
    });

    test("Pod liveness probe, using grpc call, failure", async () => {
      const namespace = await probed({ grpc: { port: 2333 }, failureThreshold: 1 });
      await box.podUntil(namespace, "p", (pod) => restarts(pod) > 0);
      const events = (await box.events(namespace, "p")).join("\n");
      expect(events).toMatch(/Liveness probe failed: timeout: failed to connect service "[\d.]+:2333" within 1s/);
    });
  });
});

/** A server of the published health protocol that always serves. */
async function healthServer() {
  const messages = {
    Health: { methods: { Check: { requestType: "Request", responseType: "Response" } } },
    Request: { fields: { service: { id: 1, type: "string" } } },
    Response: { fields: { status: { id: 1, type: "int32" } } },
  };
  const descriptor = { nested: { grpc: { nested: { health: { nested: { v1: { nested: messages } } } } } } };
  const grpc = new GrpcServer();
  let calls = 0;
  grpc.addService(serviceDefinition(descriptor, "grpc.health.v1.Health", { int64: "number" }), {
    Check: (_: unknown, done: (error: null, answer: object) => void) => {
      calls++;
      done(null, { status: 1 });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, calls: () => calls, close: () => grpc.forceShutdown() };
}
