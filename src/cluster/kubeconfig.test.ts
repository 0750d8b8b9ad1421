import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { defaultKubeconfigPath, KubeconfigError, mergeKubeconfig, writeKubeconfig } from "./kubeconfig.ts";

const entry = {
  name: "sampan",
  server: "https://127.0.0.1:6443",
  caPem: "CA",
  clientCertPem: "CERT",
  clientKeyPem: "KEY",
};
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sampan-kubeconfig-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a new file holds the cluster, is current and private", async () => {
  const file = join(dir, "sub", "config");
  await mergeKubeconfig(file, entry);
  const config = parse(readFileSync(file, "utf8"));
  expect(config["current-context"]).toBe("sampan");
  expect(config.users[0].user["client-key-data"]).toBe(Buffer.from("KEY").toString("base64"));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("merging preserves other clusters, unknown fields, comments and the namespace chosen for the context", async () => {
  const file = join(dir, "config");
  writeFileSync(
    file,
    `# my clusters
apiVersion: v1
kind: Config
preferences: {colors: true}
current-context: other
clusters:
- name: other
  cluster: {server: "https://other"}   # keep me
contexts:
- name: other
  context: {cluster: other, user: other}
- name: sampan
  context: {cluster: sampan, user: sampan, namespace: mine}
users:
- name: other
  user: {token: t}
`,
  );
  await mergeKubeconfig(file, entry);
  const text = readFileSync(file, "utf8");
  const config = parse(text);
  expect(text).toContain("# my clusters");
  expect(text).toContain("# keep me");
  expect(config.preferences).toEqual({ colors: true });
  expect(config.clusters.map((c: { name: string }) => c.name)).toEqual(["other", "sampan"]);
  expect(config.contexts[1].context).toEqual({ cluster: "sampan", user: "sampan", namespace: "mine" });
  expect(config["current-context"]).toBe("sampan");
  expect(config.users[0].user.token).toBe("t");
});

test("merging twice writes the same text", async () => {
  const file = join(dir, "config");
  await mergeKubeconfig(file, entry);
  await mergeKubeconfig(file, { ...entry, name: "second" });
  const once = readFileSync(file, "utf8");
  await mergeKubeconfig(file, { ...entry, name: "second" });
  expect(readFileSync(file, "utf8")).toBe(once);
});

test("a file that is no kubeconfig is left alone and named", async () => {
  const file = join(dir, "config");
  for (const text of ["a: [", "- just\n- a list\n"]) {
    writeFileSync(file, text);
    await expect(mergeKubeconfig(file, entry)).rejects.toThrow(KubeconfigError);
    expect(readFileSync(file, "utf8")).toBe(text);
  }
});

test("what a broken file holds is not shown", async () => {
  const file = join(dir, "config");
  writeFileSync(file, "users:\n- user: { token: swordfish\n- [");
  const failure: Error = await mergeKubeconfig(file, entry).then(
    () => expect.unreachable(),
    (error) => error,
  );
  expect(failure.message).toMatch(/is not valid YAML \(.* line \d+/);
  expect(failure.message).not.toMatch(/swordfish|\n/);
});

test("a symbolic link stays a link", async () => {
  writeFileSync(join(dir, "real"), "");
  symlinkSync(join(dir, "real"), join(dir, "link"));
  writeKubeconfig(join(dir, "link"), entry);
  expect(readFileSync(join(dir, "real"), "utf8")).toContain("current-context: sampan");
});

test("the file to write is the first existing one of KUBECONFIG, else its last, else the home's", () => {
  const existing = join(dir, "b");
  writeFileSync(existing, "");
  expect(defaultKubeconfigPath({ KUBECONFIG: `${dir}/a:${existing}:${dir}/c` })).toBe(existing);
  expect(defaultKubeconfigPath({ KUBECONFIG: `${dir}/a:${dir}/c` })).toBe(`${dir}/c`);
  expect(defaultKubeconfigPath({ HOME: "/home/u" })).toBe("/home/u/.kube/config");
});
