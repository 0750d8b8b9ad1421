import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { run } from "../../../src/cli/program.ts";
import { createCluster, renderKubeconfig, resources } from "../../../src/index.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "sampan-scheduling-"));
  closing.push(() => rmSync(made, { recursive: true }));
  return made;
}

/** Runs a command line; what it printed, and its exit code. */
async function sampan(...args: string[]) {
  const printed = { out: "", err: "" };
  const code = await run(args, {
    stdout: { write: (text: string) => (printed.out += text) },
    stderr: { write: (text: string) => (printed.err += text) },
    env: {},
  });
  return { code, ...printed };
}

test("scheduler explain answers over HTTP, as a table and as JSON", async () => {
  const cluster = await createCluster({ nodes: { count: 2, cpu: "2" }, defaultStorageClass: false, scheduler: false });
  closing.push(() => cluster.stop());
  const kubeconfig = join(folder(), "kubeconfig");
  writeFileSync(kubeconfig, renderKubeconfig(cluster.kubeconfig));
  const containers = [{ name: "c", image: "nginx", resources: { requests: { cpu: "3" } } }];
  await cluster
    .client()
    .resource(resources.pods)
    .create({ metadata: { name: "p", namespace: "default" }, spec: { containers } });
  const table = await sampan("scheduler", "explain", "pod/p", "--kubeconfig", kubeconfig);
  expect(table).toMatchObject({ code: 0, err: "" });
  expect(table.out).toContain(
    "node-1, node-2   2       NodeResourcesFit   Insufficient cpu   short of 1 cpu (asks 3, 2 free of 2)",
  );
  const json = await sampan("scheduler", "explain", "pod/p", "-n", "default", "-o", "json", "--kubeconfig", kubeconfig);
  expect(JSON.parse(json.out)).toMatchObject({ state: "pending", refused: [{ nodes: ["node-1", "node-2"] }] });
  const missing = await sampan("scheduler", "explain", "pod/q", "--kubeconfig", kubeconfig);
  expect(missing).toEqual({ code: 1, out: "", err: "sampan: pod default/q not found\n" });
  expect(await sampan("scheduler", "explain", "node/q", "--kubeconfig", kubeconfig)).toMatchObject({ code: 1 });
});

test("a configuration that cannot be used is told in one line", async () => {
  const file = join(folder(), "config.yaml");
  writeFileSync(file, "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nparallelism: 0\n");
  expect(await sampan("scheduler", "--config", file)).toEqual({
    code: 1,
    out: "",
    err: `sampan: ${file}: parallelism: Invalid value: 0: should be an integer value greater than zero\n`,
  });
});
