import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadKubeconfig } from "./kubeconfig.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(content: string): Promise<string> {
  const path = join(folder, "config");
  await writeFile(path, content);
  return path;
}

const config = `
current-context: one
contexts:
- { name: one, context: { cluster: c, user: u, namespace: team } }
- { name: two, context: { cluster: c, user: nobody } }
clusters:
- { name: c, cluster: { server: "https://example.test:6443", certificate-authority: ca.pem } }
users:
- { name: u, user: { client-certificate-data: ${btoa("CERT")}, client-key-data: ${btoa("KEY")} } }
`;

test("gives what the current context says, files relative to the kubeconfig", async () => {
  await writeFile(join(folder, "ca.pem"), "CA");
  expect(await loadKubeconfig(await write(config))).toMatchObject({
    server: "https://example.test:6443",
    ca: "CA",
    cert: "CERT",
    key: "KEY",
    namespace: "team",
    insecure: false,
  });
});

test("says what is wrong and where", async () => {
  const path = await write(config);
  await expect(loadKubeconfig(path, "three")).rejects.toThrow(`${path}: there is no context "three"`);
  await expect(loadKubeconfig(path, "two")).rejects.toThrow(`${path}: there is no user "nobody"`);
  await expect(loadKubeconfig(path)).rejects.toThrow("cannot read certificate-authority of c");
  await expect(loadKubeconfig(join(folder, "none"))).rejects.toThrow("cannot read kubeconfig");
});

test("what a broken file holds is not shown", async () => {
  const path = await write("users:\n- name: u\n  user: { token: swordfish\n- [");
  const failure: Error = await loadKubeconfig(path).then(
    () => expect.unreachable(),
    (error) => error,
  );
  expect(failure.message).toMatch(/is no YAML: .*line \d+/);
  expect(failure.message).not.toMatch(/swordfish|\n/);
});
