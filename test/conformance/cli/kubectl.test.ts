import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderKubeconfig } from "../../../src/index.ts";
import { clientBinary } from "../../support/binaries.ts";
import { execute } from "../../support/sampan.ts";
import type { Json } from "../support/api.ts";
import { apps, core, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container, isReady, pod, replicationController, template, workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

const folder = mkdtempSync(join(tmpdir(), "conformance-kubectl-"));
const env = { HOME: folder, KUBECONFIG: join(folder, "kubeconfig") };
beforeAll(() => writeFileSync(env.KUBECONFIG, renderKubeconfig(suite.cluster.kubeconfig)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What kubectl prints; it must succeed. */
async function kubectl(namespace: string, args: string[], input?: Json): Promise<string> {
  const text = input === undefined ? undefined : JSON.stringify(input);
  const ran = await execute(clientBinary("kubectl"), ["--namespace", namespace, ...args], { env, input: text });
  expect([args.join(" "), ran.code, ran.stderr]).toEqual([args.join(" "), 0, expect.any(String)]);
  return ran.stdout;
}

const readyPods = (namespace: string, count: number) =>
  suite.api.untilList(pods(namespace), (items) => items.length === count && items.every(isReady));

async function makeController(namespace: string, replicas: number): Promise<void> {
  const ports = [{ name: "server", containerPort: 6379 }];
  const spec = {
    template: template({ app: "agnhost" }, { containers: [container({ image: "nginx", ports })] }),
    selector: { app: "agnhost" },
  };
  const object = {
    apiVersion: "v1",
    kind: "ReplicationController",
    ...replicationController("primary", replicas, spec),
  };
  await kubectl(namespace, ["create", "-f", "-"], object);
  await readyPods(namespace, replicas);
}

test("Kubectl, check version v1", async () => {
  expect((await kubectl("default", ["api-versions"])).split("\n")).toContain("v1");
});

test("Kubectl, cluster info", async () => {
  const output = await kubectl("default", ["cluster-info"]);
  expect(output).toContain("Kubernetes control plane");
  expect(output).toContain(`is running at`);
  expect(output).toContain(suite.cluster.url);
});

test("Kubectl, version", async () => {
  const output = JSON.parse(await kubectl("default", ["version", "-o", "json"]));
  for (const version of [output.clientVersion, output.serverVersion]) {
    for (const field of ["major", "minor", "gitVersion", "gitCommit", "goVersion", "platform"]) {
      expect(version).toHaveProperty(field);
    }
  }
  const short = await kubectl("default", ["version"]);
  for (const side of ["Client", "Server"])
    expect(short).toMatch(new RegExp(`${side} Version: v\\d\\.\\d+\\.[\\d\\w\\-.+]+`));
});

test("Kubectl, run pod", async () => {
  const namespace = await suite.namespace();
  await kubectl(namespace, ["run", "e2e-test-httpd-pod", "--restart=Never", "--image=nginx"]);
  const made = await suite.api.get(`${pods(namespace)}/e2e-test-httpd-pod`);
  expect(made.spec.containers.map(({ image }: Json) => image)).toEqual(["nginx"]);
  expect(made.spec.restartPolicy).toBe("Never");
});

test("Kubectl, server-side dry-run Pod", async () => {
  const namespace = await suite.namespace();
  await kubectl(namespace, ["run", "e2e", "--image=nginx", "--labels=run=e2e"]);
  const patch = JSON.stringify({ spec: { containers: [{ name: "e2e", image: "busybox" }] } });
  const output = await kubectl(namespace, ["patch", "pod", "e2e", "-p", patch, "--dry-run=server", "-o", "json"]);
  expect(JSON.parse(output).spec.containers[0].image).toBe("busybox");
  expect((await suite.api.get(`${pods(namespace)}/e2e`)).spec.containers[0].image).toBe("nginx");
});

test("Kubectl, replace", async () => {
  const namespace = await suite.namespace();
  await kubectl(namespace, ["run", "e2e", "--image=nginx"]);
  await suite.api.until(`${pods(namespace)}/e2e`, isReady);
  const object = JSON.parse(await kubectl(namespace, ["get", "pod", "e2e", "-o", "json"]));
  object.spec.containers[0].image = "busybox";
  await kubectl(namespace, ["replace", "-f", "-"], object);
  const replaced = await suite.api.get(`${pods(namespace)}/e2e`);
  expect(replaced.spec.containers[0].image).toBe("busybox");
  const fresh = {
    apiVersion: "v1",
    kind: "Pod",
    ...pod("e2e", { spec: { containers: [container({ image: "nginx" })] } }),
  };
  await kubectl(namespace, ["replace", "--force", "--grace-period=0", "-f", "-"], fresh);
  const recreated = await suite.api.get(`${pods(namespace)}/e2e`);
  expect(recreated.metadata.uid).not.toBe(replaced.metadata.uid);
});

test("Kubectl, label update", async () => {
  const namespace = await suite.namespace();
  await suite.api.create(pods(namespace), pod("pause"));
  await kubectl(namespace, ["label", "pods", "pause", "testing-label=testing-label-value"]);
  expect(await kubectl(namespace, ["get", "pod", "pause", "-L", "testing-label"])).toContain("testing-label-value");
  expect(await kubectl(namespace, ["get", "pod", "-l", "testing-label=testing-label-value"])).toContain("pause");
  await kubectl(namespace, ["label", "pods", "pause", "testing-label-"]);
  expect(await kubectl(namespace, ["get", "pod", "-l", "testing-label=testing-label-value"])).not.toContain("pause");
});

test("Kubectl, patch to annotate", async () => {
  const namespace = await suite.namespace();
  await makeController(namespace, 2);
  const patch = '{"metadata":{"annotations":{"x":"y"}}}';
  for (const { metadata } of await readyPods(namespace, 2))
    await kubectl(namespace, ["patch", "pod", metadata.name, "-p", patch]);
  for (const { metadata } of await readyPods(namespace, 2)) expect(metadata.annotations.x).toBe("y");
});

test("Kubectl, replication controller", async () => {
  const namespace = await suite.namespace();
  await makeController(namespace, 2);
  const output = await kubectl(namespace, [
    "get",
    "pods",
    "-l",
    "app=agnhost",
    "-o",
    "template",
    "--template={{range .items}}{{.metadata.name}} {{end}}",
  ]);
  expect(output.trim().split(" ")).toHaveLength(2);
});

test("Kubectl, scale replication controller", async () => {
  const namespace = await suite.namespace();
  await makeController(namespace, 2);
  for (const replicas of [1, 2]) {
    await kubectl(namespace, ["scale", "rc", "primary", `--replicas=${replicas}`, "--timeout=1m"]);
    await readyPods(namespace, replicas);
  }
});

test("Kubectl, create service, replication controller", async () => {
  const namespace = await suite.namespace();
  await makeController(namespace, 1);
  await kubectl(namespace, ["expose", "rc", "primary", "--name=rm2", "--port=1234", "--target-port=6379"]);
  await kubectl(namespace, ["expose", "service", "rm2", "--name=rm3", "--port=2345", "--target-port=6379"]);
  const [{ status }] = (await suite.api.get(pods(namespace))).items;
  for (const [name, port] of [
    ["rm2", 1234],
    ["rm3", 2345],
  ] as const) {
    const service = await suite.api.get(`${core(namespace, "services")}/${name}`);
    expect(service.spec.ports[0]).toMatchObject({ port, targetPort: 6379 });
    const endpoints = await suite.api.until(
      `${core(namespace, "endpoints")}/${name}`,
      ({ subsets }) => subsets?.[0]?.addresses?.length === 1,
    );
    expect(endpoints.subsets[0]).toMatchObject({ addresses: [{ ip: status.podIP }], ports: [{ port: 6379 }] });
  }
});

test("Kubectl, describe pod or rc", async () => {
  const namespace = await suite.namespace();
  await makeController(namespace, 1);
  await kubectl(namespace, ["expose", "rc", "primary", "--name=svc", "--port=6379"]);
  const [{ metadata, spec }] = await readyPods(namespace, 1);
  const expectLines = async (args: string[], lines: RegExp[]) => {
    const output = await kubectl(namespace, ["describe", ...args]);
    for (const line of lines) expect(output).toMatch(line);
  };
  const shared = [new RegExp(`Namespace: +${namespace}`), /Labels: +app=agnhost/];
  await expectLines(
    ["pod", metadata.name],
    [
      new RegExp(`Name: +${metadata.name}`),
      ...shared,
      /Annotations:/,
      /Status: +Running/,
      /IP:/,
      /Controlled By: +ReplicationController\/primary/,
      /Image: +nginx/,
      /State: +Running/,
      /QoS Class: +BestEffort/,
    ],
  );
  await expectLines(
    ["rc", "primary"],
    [
      /Name: +primary/,
      shared[0] ?? /./,
      /Selector: +app=agnhost/,
      /Replicas: +1 current \/ 1 desired/,
      /Pods Status: +1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/,
      /Image: +nginx/,
      /Events:/,
    ],
  );
  await expectLines(
    ["service", "svc"],
    [
      /Name: +svc/,
      /Selector: +app=agnhost/,
      /Type: +ClusterIP/,
      /IP:/,
      /Port: +<unset> +6379\/TCP/,
      /Endpoints:/,
      /Session Affinity: +None/,
    ],
  );
  await expectLines(
    ["node", spec.nodeName],
    [
      /Name:/,
      /Labels:/,
      /CreationTimestamp:/,
      /Conditions:/,
      /Ready +True/,
      /Addresses:/,
      /Capacity:/,
      /Kubelet Version:/,
      /Pods:|Non-terminated Pods:/,
    ],
  );
  await expectLines(
    ["namespace", namespace],
    [/Name:/, /Labels:/, /Status: +Active/, /No resource quota/, /No LimitRange resource/],
  );
});

test("Kubectl, diff Deployment", async () => {
  const namespace = await suite.namespace();
  const declared = { apiVersion: "apps/v1", kind: "Deployment", ...workload("httpd", 1) };
  await suite.api.create(apps(namespace, "deployments"), declared);
  const changed = structuredClone(declared);
  changed.spec.template.spec.containers[0].image = "busybox:1.36";
  const ran = await execute(clientBinary("kubectl"), ["-n", namespace, "diff", "-f", "-"], {
    env,
    input: JSON.stringify(changed),
  });
  expect(ran.code).toBe(1); // there is a difference
  expect(ran.stdout).toMatch(new RegExp(`^-.*image: ${declared.spec.template.spec.containers[0].image}$`, "m"));
  expect(ran.stdout).toMatch(/^\+.*image: busybox:1\.36$/m);
});

test("Kubectl, logs", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const command = ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; sleep 10000"];
  await api.create(
    pods(namespace),
    pod("logger", { spec: { containers: [container({ image: "busybox", command })] } }),
  );
  await api.until(`${pods(namespace)}/logger`, isReady);
  const logs = (...args: string[]) => kubectl(namespace, ["logs", "logger", "c", ...args]);
  expect(await logs()).toBe("line 1\nline 2\nline 3\nline 4\nline 5\n");
  expect(await logs("--tail=1")).toBe("line 5\n");
  expect(await logs("--limit-bytes=1")).toBe("l");
  const stamped = await logs("--tail=1", "--timestamps");
  expect(stamped).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z line 5\n$/);
  expect((await logs("--since=24h")).split("\n")).toHaveLength(6);
  // What was written is soon older than a second.
  await expect.poll(() => logs("--since=1s"), { timeout: 10_000, interval: 500 }).toBe("");
});

/** Starts `kubectl proxy`, reads its first line and asks it for the API's versions. */
async function proxied(
  args: string[],
  target: (line: string) => { port?: number; socketPath?: string },
): Promise<Json> {
  const proxy: ChildProcess = spawn(clientBinary("kubectl"), ["proxy", ...args], { env: { ...process.env, ...env } });
  try {
    const [line] = await once(proxy.stdout as NonNullable<typeof proxy.stdout>, "data");
    return await new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", path: "/api/", ...target(String(line)) }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve(JSON.parse(text)));
      });
      asked.on("error", reject);
      asked.end();
    });
  } finally {
    const ended = once(proxy, "exit");
    proxy.kill("SIGKILL");
    await ended;
  }
}

test("Kubectl, proxy port zero", async () => {
  const port = (line: string) => ({ port: Number(/:(\d+)\s*$/.exec(line)?.[1]) });
  expect((await proxied(["--port=0", "--disable-filter"], port)).versions).toContain("v1");
});

test("Kubectl, proxy socket", async () => {
  const socketPath = join(folder, "proxy.sock");
  expect((await proxied([`--unix-socket=${socketPath}`], () => ({ socketPath }))).versions).toContain("v1");
});
