// A whole cluster that is kept in etcd: where its objects are, in which form, and that it goes on after a restart.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, type ClusterOptions, createCluster, resources } from "../../../src/index.ts";
import { eventually } from "../../support/eventually.ts";
import { EtcdCluster, withoutEtcd } from "./etcd-cluster.ts";

describe.skipIf(withoutEtcd)(`a cluster in etcd${withoutEtcd ? ` (${withoutEtcd})` : ""}`, () => {
  const root = mkdtempSync(join(tmpdir(), "sampan-in-etcd-"));
  const encryption = join(root, "encryption.yaml");
  let main: EtcdCluster;
  let events: EtcdCluster;
  const running: Cluster[] = [];

  beforeAll(async () => {
    [main, events] = await Promise.all([EtcdCluster.start(), EtcdCluster.start()]);
    writeFileSync(encryption, encryptionWith("one"));
  });
  afterAll(async () => {
    await Promise.all(running.map((cluster) => cluster.stop()));
    await Promise.all([main?.stop(), events?.stop()]);
    rmSync(root, { recursive: true, force: true });
  });

  async function start(etcd: Partial<ClusterOptions["etcd"]>, options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await createCluster({ etcd: { servers: main.urls, ...etcd }, ...options });
    running.push(cluster);
    return cluster;
  }

  async function stop(cluster: Cluster): Promise<void> {
    running.splice(running.indexOf(cluster), 1);
    await cluster.stop();
  }

  function etcdctl(urls: readonly string[], ...args: string[]): Buffer {
    const env = { ...process.env, ETCDCTL_API: "3" };
    return execFileSync("etcdctl", ["--endpoints", urls.join(","), ...args], { env });
  }

  function keysIn(urls: readonly string[]): string[] {
    return etcdctl(urls, "get", "", "--from-key", "--keys-only").toString().split("\n").filter(Boolean);
  }

  async function runDeployment(cluster: Cluster): Promise<void> {
    const labels = { app: "web" };
    await cluster
      .client()
      .resource(resources.deployments)
      .create({
        metadata: { name: "web", namespace: "default" },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "nginx" }] } },
        },
      });
    await untilAvailable(cluster, 2);
  }

  async function untilAvailable(cluster: Cluster, replicas: number): Promise<void> {
    const deployments = cluster.client().resource(resources.deployments);
    await eventually(
      () => deployments.get({ namespace: "default", name: "web" }),
      ({ status }) => status?.availableReplicas === replicas,
    );
  }

  it("has its objects where kube-apiserver would have them, events elsewhere, secrets encrypted", {
    timeout: 60_000,
  }, async () => {
    const overrides = { serversOverrides: [`/events#${events.urls.join(";")}`] };
    const cluster = await start(overrides, { encryptionProviderConfig: encryption });
    await runDeployment(cluster);
    const client = cluster.client();
    await client.resource(resources.secrets).create({
      metadata: { name: "s", namespace: "default" },
      stringData: { password: "open sesame" },
    });
    const keys = keysIn(main.urls);
    for (const key of [
      "/registry/deployments/default/web",
      "/registry/minions/node-1",
      "/registry/services/specs/default/kubernetes",
      "/registry/services/endpoints/default/kubernetes",
      "/registry/leases/kube-node-lease/node-1",
      "/registry/namespaces/default",
    ]) {
      expect(keys).toContain(key);
    }
    expect(keys.filter((key) => key.startsWith("/registry/masterleases/"))).toHaveLength(1);
    expect(keys.filter((key) => key.startsWith("/registry/pods/default/web-"))).toHaveLength(2);
    expect(keys.filter((key) => key.startsWith("/registry/events/"))).toEqual([]);
    expect(etcdctl(main.urls, "get", "/registry/minions/node-1", "--print-value-only").subarray(0, 4).toString()).toBe(
      "k8s\0",
    );
    const secret = etcdctl(main.urls, "get", "/registry/secrets/default/s", "--print-value-only");
    expect(secret.toString("latin1")).toMatch(/^k8s:enc:secretbox:v1:one:/);
    expect(secret.includes("open sesame")).toBe(false);
    const stored = keysIn(events.urls);
    expect(stored.length).toBeGreaterThan(5);
    expect(stored.every((key) => key.startsWith("/registry/events/default/"))).toBe(true);
    const listed = await client.resource(resources.events).list({ namespace: "default" });
    expect(listed.items.some(({ reason }) => reason === "ScalingReplicaSet")).toBe(true);
    expect(listed.items.every(({ metadata }) => stored.includes(`/registry/events/default/${metadata.name}`))).toBe(
      true,
    );
    // Events end after an hour: their keys are attached to leases.
    expect(etcdctl(events.urls, "lease", "list").toString()).toMatch(/found [1-9]/);
    expect(await client.resource(resources.secrets).get({ namespace: "default", name: "s" })).toMatchObject({
      data: { password: Buffer.from("open sesame").toString("base64") },
    });
    await stop(cluster);

    // Another key is the first one now: a write that changes nothing encrypts with it.
    writeFileSync(encryption, encryptionWith("two", "one"));
    const again = await start(overrides, { encryptionProviderConfig: encryption });
    const secrets = again.client().resource(resources.secrets);
    await secrets.update(await secrets.get({ namespace: "default", name: "s" }));
    expect(etcdctl(main.urls, "get", "/registry/secrets/default/s", "--print-value-only").toString("latin1")).toMatch(
      /^k8s:enc:secretbox:v1:two:/,
    );
    await untilAvailable(again, 2);
    const deployments = again.client().resource(resources.deployments);
    await deployments.patch({ namespace: "default", name: "web" }, "application/merge-patch+json", {
      spec: { replicas: 3 },
    });
    await untilAvailable(again, 3);
    await stop(again);
  });

  it("keeps JSON under another prefix when told to", { timeout: 60_000 }, async () => {
    const cluster = await start({ prefix: "tenant/", storageMediaType: "application/json" });
    await runDeployment(cluster);
    const value = etcdctl(main.urls, "get", "/tenant/deployments/default/web", "--print-value-only").toString();
    expect(JSON.parse(value)).toMatchObject({ apiVersion: "apps/v1", kind: "Deployment", spec: { replicas: 2 } });
    expect(JSON.parse(value).metadata).not.toHaveProperty("resourceVersion");
    await stop(cluster);
  });
});

/** An EncryptionConfiguration: the first key writes, all read. */
function encryptionWith(...names: readonly ("one" | "two")[]): string {
  const secret = { one: Buffer.alloc(32, 1).toString("base64"), two: Buffer.alloc(32, 2).toString("base64") };
  const keys = names.map((name) => ({ name, secret: secret[name] }));
  const config = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" };
  const providers = [{ secretbox: { keys } }, { identity: {} }];
  return JSON.stringify({ ...config, resources: [{ resources: ["secrets"], providers }] });
}
