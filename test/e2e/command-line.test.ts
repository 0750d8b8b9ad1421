import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
afterAll(() => box.remove());

/** One clear line, nothing else. */
function expectOneLine(text: string): void {
  expect(text.trim().split("\n"), text).toHaveLength(1);
  expect(text).not.toContain("    at ");
}

test("starts, answers kubectl, stops cleanly and continues as the same cluster", async () => {
  const first = await box.start(["--nodes", "2"]);
  expect(first.info).toMatchObject({ ready: true, kubeconfig: box.kubeconfig });
  expect((await box.kubectl("create configmap kept --from-literal=a=1")).code).toBe(0);
  const uid = (await box.kubectl("get namespace default -o jsonpath={.metadata.uid}")).stdout;
  const nodeUid = (await box.kubectl("get node -o jsonpath={.items[0].metadata.uid}")).stdout;
  const ca = readFileSync(join(box.dir, "data", "sampan", "sampan", "pki", "ca.crt"), "utf8");
  expect(await first.stop()).toBe(0);

  const second = await box.start(["--nodes", "2"]);
  expect((await box.kubectl("get configmap kept -o jsonpath={.data.a}")).stdout).toBe("1");
  expect((await box.kubectl("get namespace default -o jsonpath={.metadata.uid}")).stdout).toBe(uid);
  expect((await box.kubectl("get node -o jsonpath={.items[0].metadata.uid}")).stdout).toBe(nodeUid);
  expect(readFileSync(join(box.dir, "data", "sampan", "sampan", "pki", "ca.crt"), "utf8")).toBe(ca);
  for (const key of ["ca.key", "apiserver.key", "admin.key", "sa.key"]) {
    expect(statSync(join(box.dir, "data", "sampan", "sampan", "pki", key)).mode & 0o777, key).toBe(0o600);
  }

  const refused = await box.sampan(["up", "--port", "0"]);
  expect(refused.code).toBe(1);
  expectOneLine(refused.stderr);
  expect(refused.stderr).toContain("already running");

  const printed = await box.sampan(["kubeconfig"]);
  expect(printed.stdout).toContain(`server: ${second.info.url}`);
  expect(await second.kill("SIGTERM")).toBe(0);
});

test("an occupied port, an unwritable folder and a bad flag each give one clear line", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? String(address.port) : "";
  const occupied = await box.sampan(["up", "--ephemeral", "--port", port]);
  server.close();
  expect(occupied.code).toBe(1);
  expectOneLine(occupied.stderr);
  expect(occupied.stderr).toContain(port);

  writeFileSync(join(box.dir, "file"), "");
  const folder = await box.sampan(["up", "--port", "0", "--data-dir", join(box.dir, "file", "sub")]);
  expect(folder.code).toBe(1);
  expectOneLine(folder.stderr);

  for (const args of [["up", "--nope"], ["up", "--nodes", "many"], ["nonsense"], ["up", "--port", "70000"]]) {
    const bad = await box.sampan(args);
    expect(bad.code, args.join(" ")).toBe(2);
    expectOneLine(bad.stderr);
  }
});

test("--kubeconfig writes that file alone and leaves the default one", async () => {
  const own = new Sandbox();
  try {
    mkdirSync(join(own.dir, "elsewhere"));
    const file = join(own.dir, "elsewhere", "config");
    const cluster = await own.start(["--ephemeral", "--name", "other", "--kubeconfig", file]);
    expect(cluster.info.kubeconfig).toBe(file);
    expect((await own.kubectl(["--kubeconfig", file, "config", "current-context"])).stdout.trim()).toBe("other");
    expect((await own.kubectl("config get-contexts -o name")).stdout).toBe("");
    await cluster.stop();
  } finally {
    await own.remove();
  }
});

test("sampan apiserver serves without controllers or nodes", async () => {
  const own = new Sandbox();
  try {
    const server = await own.start(["--ephemeral"], "apiserver");
    expect((await own.kubectl("get nodes")).stderr).toContain("No resources found");
    expect((await own.kubectl("get ns -o name")).stdout.split("\n").filter(Boolean).sort()).toEqual(
      ["default", "kube-node-lease", "kube-public", "kube-system"].map((name) => `namespace/${name}`),
    );
    await server.stop();
  } finally {
    await own.remove();
  }
});

test("version, help and completions", async () => {
  const version = await box.sampan(["version", "--output", "json"]);
  expect(JSON.parse(version.stdout)).toMatchObject({ kubernetes: "v1.36.2+sampan" });
  expect((await box.sampan(["help"])).stdout).toContain("up");
  expect((await box.sampan(["help", "up"])).stdout).toContain("--node-memory");
  expect((await box.sampan(["completion", "bash"])).stdout).toContain("complete -F _sampan sampan");
  expect((await box.sampan(["completion", "zsh"])).stdout).toContain("#compdef sampan");
  expect((await box.sampan(["completion", "fish"])).stdout).toContain("complete -c sampan");
  const unknown = await box.sampan(["completion", "tcsh"]);
  expect(unknown.code).toBe(1);
  expectOneLine(unknown.stderr);
});
