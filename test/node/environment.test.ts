import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../src/index.ts";
import { containerdNeeds, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";
import { PodRuns } from "../support/run-in-pod.ts";

const reason = missing(containerdNeeds);

let box: RealNodeBox;
let pods: PodRuns;

const field = (fieldPath: string) => [{ name: "X", valueFrom: { fieldRef: { fieldPath } } }];

async function prints(container: object, script = 'echo "$X"'): Promise<string> {
  return pods.output({ script, container });
}

/** Without a shell: it drops names that it cannot have as variables. */
async function hasPrefixes(type: "configMap" | "secret"): Promise<void> {
  const name = `prefixed-${type.toLowerCase()}`;
  await pods[type](name, { data_1: "value-1" });
  const prefixes = ["p-", "1.", "$!&", "P_"];
  const envFrom = prefixes.map((prefix) => ({ prefix, [`${type}Ref`]: { name } }));
  const lines = (await prints({ envFrom, command: ["env"] })).split("\n");
  expect(lines).toEqual(expect.arrayContaining(prefixes.map((prefix) => `${prefix}data_1=value-1`)));
}

async function isAll(type: "configMap" | "secret"): Promise<void> {
  const name = `all-${type.toLowerCase()}`;
  await pods[type](name, { data_1: "value-1", data_2: "value-2" });
  const envFrom = [{ [`${type}Ref`]: { name } }];
  expect((await prints({ envFrom }, "env | grep ^data_ | sort")).split("\n")).toEqual([
    "data_1=value-1",
    "data_2=value-2",
  ]);
}

async function isKey(type: "configMap" | "secret"): Promise<void> {
  const name = `one-${type.toLowerCase()}`;
  await pods[type](name, { key: "value" });
  expect(await prints({ env: [{ name: "X", valueFrom: { [`${type}KeyRef`]: { name, key: "key" } } }] })).toBe("value");
}

describe.skipIf(reason !== undefined)(
  `environments of containers${reason ? ` (${reason})` : ""}`,
  { concurrent: true },
  () => {
    beforeAll(async () => {
      box = await RealNodeBox.start();
      pods = new PodRuns(box, await box.namespace());
    });
    afterAll(() => box?.stop());

    test("ConfigMap, from environment field", () => isKey("configMap"));
    test("ConfigMap, from environment variables", () => isAll("configMap"));
    test("ConfigMap, from environment field with various prefixes", () => hasPrefixes("configMap"));
    test("Secrets, pod environment field", () => isKey("secret"));
    test("Secrets, pod environment from source", () => isAll("secret"));
    // The same name once more: with prefixes.
    test("Secrets, pod environment from source", () => hasPrefixes("secret"));

    test("DownwardAPI, environment for name, namespace and ip", async () => {
      const env = ["metadata.name", "metadata.namespace", "status.podIP"].map((fieldPath, index) => ({
        name: `X${index}`,
        valueFrom: { fieldRef: { fieldPath } },
      }));
      const [name, namespace, ip] = (await prints({ env }, 'echo "$X0 $X1 $X2"')).split(" ");
      expect([name, namespace, ip]).toEqual([
        expect.stringMatching(/^p\d+$/),
        pods.namespace,
        expect.stringMatching(/^\d+(\.\d+){3}$/),
      ]);
    });
    test("DownwardAPI, environment for host ip", async () => {
      const address = (await box.node()).status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
      expect(await prints({ env: field("status.hostIP") })).toBe(address);
    });
    test("DownwardAPI, environment for hostIPs", async () => {
      const address = (await box.node()).status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
      expect(await prints({ env: field("status.hostIPs") })).toBe(address);
    });
    test("DownwardAPI, environment for Pod UID", async () => {
      expect(await prints({ env: field("metadata.uid") })).toMatch(/^[0-9a-f-]{36}$/);
    });
    test("DownwardAPI, environment for CPU and memory limits and requests", async () => {
      const resourceNames = ["limits.cpu", "requests.cpu", "limits.memory", "requests.memory"];
      const env = resourceNames.map((resource, index) => ({
        name: `X${index}`,
        valueFrom: { resourceFieldRef: { resource } },
      }));
      const amounts = { requests: { cpu: "250m", memory: "32Mi" }, limits: { cpu: "1250m", memory: "64Mi" } };
      const text = await prints({ env, resources: amounts }, 'echo "$X0 $X1 $X2 $X3"');
      expect(text).toBe(`2 1 ${64 * 1024 * 1024} ${32 * 1024 * 1024}`);
    });
    test("DownwardAPI, environment for default CPU and memory limits and requests", async () => {
      const env = ["limits.cpu", "limits.memory"].map((resource, index) => ({
        name: `X${index}`,
        valueFrom: { resourceFieldRef: { resource } },
      }));
      const { cpu = "", memory = "" } = (await box.node()).status?.allocatable ?? {};
      const bytes = memory.endsWith("Ki") ? Number(memory.slice(0, -2)) * 1024 : Number(memory);
      const cores = cpu.endsWith("m") ? Math.ceil(Number(cpu.slice(0, -1)) / 1000) : Number(cpu);
      expect(await prints({ env }, 'echo "$X0 $X1"')).toBe(`${cores} ${bytes}`);
    });

    test("Environment variables, expansion", async () => {
      const env = [
        { name: "FOO", value: "foo" },
        { name: "BAR", value: "bar" },
        { name: "X", value: "$(FOO);;$(BAR)" },
      ];
      expect(await prints({ env })).toBe("foo;;bar");
    });
    test("Environment variables, command expansion", async () => {
      const command = ["sh", "-c", "echo 'it is $(X)'"];
      expect(await prints({ env: [{ name: "X", value: "value" }], command })).toBe("it is value");
    });
    test("Environment variables, command argument expansion", async () => {
      const more = { command: ["sh", "-c"], args: ["echo 'it is $(X)'"] };
      expect(await prints({ env: [{ name: "X", value: "value" }], ...more })).toBe("it is value");
    });

    test("Pods, service environment variables", async () => {
      const { namespace } = pods;
      const spec = { ports: [{ port: 8765, targetPort: 8080 }], selector: { name: "server" } };
      const service = await box.client
        .resource(resources.services)
        .create({ metadata: { name: "fooservice", namespace }, spec });
      const ip = service.spec?.clusterIP;
      const told = () => prints({}, "env | grep ^FOOSERVICE | sort");
      expect((await eventually(told, (text) => text !== "")).split("\n")).toEqual([
        `FOOSERVICE_PORT=tcp://${ip}:8765`,
        `FOOSERVICE_PORT_8765_TCP=tcp://${ip}:8765`,
        `FOOSERVICE_PORT_8765_TCP_ADDR=${ip}`,
        "FOOSERVICE_PORT_8765_TCP_PORT=8765",
        "FOOSERVICE_PORT_8765_TCP_PROTO=tcp",
        `FOOSERVICE_SERVICE_HOST=${ip}`,
        "FOOSERVICE_SERVICE_PORT=8765",
      ]);
      expect(await prints({}, "env | grep ^KUBERNETES_SERVICE_HOST=")).toMatch(/=\d/);
    });

    test("VolumeSubpathEnvExpansion, subpath expansion", async () => {
      const run = {
        volume: { emptyDir: {} },
        mount: { subPathExpr: "$(X)" },
        container: { env: field("metadata.name") },
      };
      const mounts = [
        { name: "v", mountPath: "/part", subPathExpr: "$(X)" },
        { name: "v", mountPath: "/v" },
      ];
      const script = 'echo -n hi > /part/f; cat "/v/$X/f"';
      expect(await pods.output({ ...run, container: { ...run.container, volumeMounts: mounts }, script })).toBe("hi");
    });
    test("VolumeSubpathEnvExpansion, subpath with backticks", async () => {
      const env = [{ name: "X", value: ".." }];
      const run = { volume: { emptyDir: {} }, mount: { subPathExpr: "$(X)" }, container: { env } };
      await pods.refused(run, "unable to provision SubPath `..`: must not contain '..'");
    });
    test("VolumeSubpathEnvExpansion, subpath with absolute path", async () => {
      const env = [{ name: "X", value: "/tmp" }];
      const run = { volume: { emptyDir: {} }, mount: { subPathExpr: "$(X)" }, container: { env } };
      await pods.refused(run, "error SubPath `/tmp` must not be an absolute path");
    });
    test("VolumeSubpathEnvExpansion, subpath test writes", async () => {
      const env = [{ name: "X", value: "mypath/foo" }];
      const volumeMounts = [
        { name: "v", mountPath: "/part", subPathExpr: "$(X)" },
        { name: "v", mountPath: "/v" },
      ];
      const shell = await pods.running({ volume: { emptyDir: {} }, container: { env, volumeMounts } });
      await shell.run("touch /v/mypath/foo/test.log");
      await shell.until("ls /part", "test.log");
    });
    test("VolumeSubpathEnvExpansion, subpath ready from failed state", async () => {
      const env = field("metadata.annotations['mysubpath']");
      const run = {
        script: "sleep 1000",
        volume: { emptyDir: {} },
        mount: { subPathExpr: "$(X)" },
        container: { env },
        metadata: { annotations: { mysubpath: "/tmp" } },
      };
      const name = await pods.refused(run, "must not be an absolute path");
      const key = { namespace: pods.namespace, name };
      await box.client
        .resource(resources.pods)
        .patch(key, "merge", { metadata: { annotations: { mysubpath: "mypath" } } });
      await box.podUntil(pods.namespace, name, ({ status }) => status?.phase === "Running");
    });

    test("variables are read from a file that an init container wrote", async () => {
      const image = "docker.io/library/busybox:latest";
      const volumeMounts = [{ name: "v", mountPath: "/v" }];
      const command = ["sh", "-c", "echo \"ADDRESS='here'\" > /v/env"];
      const initContainers = [{ name: "init", image, imagePullPolicy: "Never", command, volumeMounts }];
      const env = [{ name: "X", valueFrom: { fileKeyRef: { volumeName: "v", path: "env", key: "ADDRESS" } } }];
      const volumes = [{ name: "v", emptyDir: {} }];
      expect(await pods.output({ script: 'echo "$X"', container: { env }, spec: { initContainers, volumes } })).toBe(
        "here",
      );
    });
  },
);
