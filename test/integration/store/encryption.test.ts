// Encryption at rest through the API: what is on disk, and how keys are rotated.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { type Cluster, createCluster, resources } from "../../../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "sampan-at-rest-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let cluster: Cluster | undefined;
afterEach(() => cluster?.stop());

const config = join(root, "encryption.yaml");
const dataDir = join(root, "data");

function configure(...providers: string[]): void {
  const lines = ["apiVersion: apiserver.config.k8s.io/v1", "kind: EncryptionConfiguration", "resources:"];
  lines.push("- resources: [secrets]", "  providers:", ...providers.map((provider) => `  - ${provider}`));
  writeFileSync(config, lines.join("\n"));
}

function provider(name: string, key: string): string {
  return `${name}: {keys: [{name: ${key}, secret: ${Buffer.alloc(32, key).toString("base64")}}]}`;
}

async function restart(): Promise<Cluster> {
  await cluster?.stop();
  cluster = await createCluster({
    dataDir,
    encryptionProviderConfig: config,
    controllers: false,
    scheduler: false,
    nodes: false,
  });
  return cluster;
}

/** What a thief of the disk sees, in the tree and in the log; freed pages keep what was there, as on any disk. */
const onDisk = () => {
  const dir = join(dataDir, "store");
  return Buffer.concat(readdirSync(dir).map((name) => readFileSync(join(dir, name))));
};

it("keeps secrets unreadable on disk, and replacing them with what they are rotates the key", async () => {
  const password = Buffer.from("a very secret word").toString("base64");
  configure(provider("aescbc", "one"));
  let secrets = (await restart()).client().resource(resources.secrets);
  await secrets.create({ metadata: { name: "s", namespace: "default" }, data: { password } });
  expect(onDisk().includes(password)).toBe(false);
  expect(onDisk().includes("k8s:enc:aescbc:v1:one:")).toBe(true);

  configure(provider("secretbox", "two"), provider("aescbc", "one"));
  secrets = (await restart()).client().resource(resources.secrets);
  const before = await secrets.get({ namespace: "default", name: "s" });
  expect(before.data).toEqual({ password });
  const after = await secrets.update(before);
  expect(after.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
  expect((await secrets.update(after)).metadata.resourceVersion).toBe(after.metadata.resourceVersion);
  expect(onDisk().includes("k8s:enc:secretbox:v1:two:")).toBe(true);

  configure(provider("secretbox", "two"));
  secrets = (await restart()).client().resource(resources.secrets);
  expect((await secrets.get({ namespace: "default", name: "s" })).data).toEqual({ password });

  await cluster?.stop();
  configure(provider("aescbc", "three"));
  await expect(restart()).rejects.toThrow(
    '/registry/secrets/default/s is encrypted by provider secretbox with the key "two"',
  );
});
