import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { core, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container, isReady, pod } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 1 } });

/** Runs a container that prints these variables, and gives what it printed, by name. */
async function printed(namespace: string, names: readonly string[], changes: Json): Promise<Record<string, string>> {
  const { api } = suite;
  const command = ["sh", "-c", names.map((name) => `echo "${name}=$${name}"`).join("; ")];
  await api.create(
    pods(namespace),
    pod("printer", {
      spec: { restartPolicy: "Never", containers: [container({ image: "busybox", command, ...changes })] },
    }),
  );
  await api.until(`${pods(namespace)}/printer`, ({ status }) => status.phase === "Succeeded");
  return logOf(namespace, "printer");
}

async function logOf(namespace: string, name: string): Promise<Record<string, string>> {
  const answer = await suite.api.call("GET", `${pods(namespace)}/${name}/log`);
  const lines = answer.text.split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const fromResource = (name: string, resource: string) => ({ name, valueFrom: { resourceFieldRef: { resource } } });

test("DownwardAPI, environment for name, namespace and ip", async () => {
  const namespace = await suite.namespace();
  const env = [
    fromField("POD_NAME", "metadata.name"),
    fromField("POD_NAMESPACE", "metadata.namespace"),
    fromField("POD_IP", "status.podIP"),
  ];
  const found = await printed(namespace, ["POD_NAME", "POD_NAMESPACE", "POD_IP"], { env });
  expect(found).toMatchObject({ POD_NAME: "printer", POD_NAMESPACE: namespace });
  expect(found.POD_IP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
});

test("DownwardAPI, environment for host ip", async () => {
  const namespace = await suite.namespace();
  const found = await printed(namespace, ["HOST_IP"], { env: [fromField("HOST_IP", "status.hostIP")] });
  expect(found.HOST_IP).toBe((await suite.api.get(`${pods(namespace)}/printer`)).status.hostIP);
});

test("DownwardAPI, environment for hostIPs", async () => {
  const namespace = await suite.namespace();
  const found = await printed(namespace, ["HOST_IPS"], { env: [fromField("HOST_IPS", "status.hostIPs")] });
  const { status } = await suite.api.get(`${pods(namespace)}/printer`);
  expect(found.HOST_IPS).toBe(status.hostIPs.map((one: Json) => one.ip).join(","));
});

test("DownwardAPI, environment for Pod UID", async () => {
  const namespace = await suite.namespace();
  const found = await printed(namespace, ["POD_UID"], { env: [fromField("POD_UID", "metadata.uid")] });
  expect(found.POD_UID).toBe((await suite.api.get(`${pods(namespace)}/printer`)).metadata.uid);
});

const resourceEnv = [
  fromResource("CPU_LIMIT", "limits.cpu"),
  fromResource("MEMORY_LIMIT", "limits.memory"),
  fromResource("CPU_REQUEST", "requests.cpu"),
  fromResource("MEMORY_REQUEST", "requests.memory"),
];
const resourceNames = resourceEnv.map(({ name }) => name);

test("DownwardAPI, environment for CPU and memory limits and requests", async () => {
  const namespace = await suite.namespace();
  const resources = { requests: { cpu: "250m", memory: "32Mi" }, limits: { cpu: "1250m", memory: "64Mi" } };
  const found = await printed(namespace, resourceNames, { env: resourceEnv, resources });
  expect(found).toEqual({
    CPU_LIMIT: "2",
    MEMORY_LIMIT: String(64 * 1024 * 1024),
    CPU_REQUEST: "1",
    MEMORY_REQUEST: String(32 * 1024 * 1024),
  });
});

test("ConfigMap, from environment field", async () => {
  const namespace = await suite.namespace();
  await suite.api.create(core(namespace, "configmaps"), { metadata: { name: "m" }, data: { "data-1": "value-1" } });
  const env = [{ name: "CONFIG_DATA_1", valueFrom: { configMapKeyRef: { name: "m", key: "data-1" } } }];
  expect(await printed(namespace, ["CONFIG_DATA_1"], { env })).toEqual({ CONFIG_DATA_1: "value-1" });
});

test("ConfigMap, from environment variables", async () => {
  const namespace = await suite.namespace();
  const data = { data_1: "value-1", data_2: "value-2", data_3: "value-3" };
  await suite.api.create(core(namespace, "configmaps"), { metadata: { name: "m" }, data });
  const envFrom = [{ configMapRef: { name: "m" } }, { prefix: "p_", configMapRef: { name: "m" } }];
  const found = await printed(namespace, ["data_1", "data_2", "data_3", "p_data_1", "p_data_3"], { envFrom });
  expect(found).toEqual({ ...data, p_data_1: "value-1", p_data_3: "value-3" });
});

test("Secrets, pod environment field", async () => {
  const namespace = await suite.namespace();
  await suite.api.create(core(namespace, "secrets"), { metadata: { name: "s" }, data: { "data-1": "dmFsdWUtMQ==" } });
  const env = [{ name: "SECRET_DATA", valueFrom: { secretKeyRef: { name: "s", key: "data-1" } } }];
  expect(await printed(namespace, ["SECRET_DATA"], { env })).toEqual({ SECRET_DATA: "value-1" });
});

test("Secrets, pod environment from source", async () => {
  const namespace = await suite.namespace();
  const data = { data_1: "dmFsdWUtMQ==", data_2: "dmFsdWUtMg==" };
  await suite.api.create(core(namespace, "secrets"), { metadata: { name: "s" }, data });
  const envFrom = [{ secretRef: { name: "s" } }, { prefix: "p_", secretRef: { name: "s" } }];
  const found = await printed(namespace, ["data_1", "data_2", "p_data_1"], { envFrom });
  expect(found).toEqual({ data_1: "value-1", data_2: "value-2", p_data_1: "value-1" });
});

test("Environment variables, expansion", async () => {
  const namespace = await suite.namespace();
  const env = [
    { name: "FOO", value: "foo-value" },
    { name: "BAR", value: "bar-value" },
    { name: "FOOBAR", value: "$(FOO);;$(BAR)" },
    { name: "KEPT", value: "$$(FOO);;$(NOT_THERE)" },
  ];
  const found = await printed(namespace, ["FOOBAR", "KEPT"], { env });
  expect(found).toEqual({ FOOBAR: "foo-value;;bar-value", KEPT: "$(FOO);;$(NOT_THERE)" });
});

const testVar = [{ name: "TEST_VAR", value: "test-value" }];

test("Environment variables, command expansion", async () => {
  const namespace = await suite.namespace();
  const command = ["sh", "-c", 'TEST_VAR=wrong; echo "seen=$(TEST_VAR)"'];
  expect(await printed(namespace, [], { env: testVar, command })).toEqual({ seen: "test-value" });
});

test("Environment variables, command argument expansion", async () => {
  const namespace = await suite.namespace();
  const args = ['TEST_VAR=wrong; echo "seen=$(TEST_VAR)"'];
  expect(await printed(namespace, [], { env: testVar, command: ["sh", "-c"], args })).toEqual({ seen: "test-value" });
});

test("Kubelet, log output, default", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const command = ["sh", "-c", "echo 'Hello World' ; sleep 240"];
  await api.create(pods(namespace), pod("p", { spec: { containers: [container({ image: "busybox", command })] } }));
  await api.until(`${pods(namespace)}/p`, isReady);
  expect((await api.call("GET", `${pods(namespace)}/p/log`)).text).toBe("Hello World\n");
});

async function terminationMessage(changes: Json): Promise<string | undefined> {
  const { api } = suite;
  const namespace = await suite.namespace();
  const spec = container({ image: "busybox", terminationMessagePath: "/dev/termination-log", ...changes });
  await api.create(pods(namespace), pod("p", { spec: { restartPolicy: "Never", containers: [spec] } }));
  const ended = await api.until(`${pods(namespace)}/p`, ({ status }) => ["Succeeded", "Failed"].includes(status.phase));
  return ended.status.containerStatuses[0].state.terminated.message;
}

const fallback = { terminationMessagePolicy: "FallbackToLogsOnError" };

test("Container Runtime, TerminationMessage, from log output of succeeding container", async () => {
  expect((await terminationMessage({ command: ["sh", "-c", "echo DONE; /bin/true"], ...fallback })) ?? "").toBe("");
});

test("Container Runtime, TerminationMessage, from file of succeeding container", async () => {
  const command = ["sh", "-c", "echo -n OK > /dev/termination-log; /bin/true"];
  expect(await terminationMessage({ command, ...fallback })).toBe("OK");
});
