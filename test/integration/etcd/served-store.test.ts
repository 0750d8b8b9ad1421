// `sampan apiserver --listen-etcd-client`: etcdctl and a second API server work on the embedded store of the first.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, type Ran } from "../../support/sampan.ts";
import { ServerProcess } from "../hostile/server-process.ts";
import { freePorts, withoutEtcd } from "./etcd-cluster.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";

describe.skipIf(withoutEtcd)(`an API server that serves its store${withoutEtcd ? ` (${withoutEtcd})` : ""}`, () => {
  const root = mkdtempSync(join(tmpdir(), "sampan-served-"));
  const homes = [join(root, "a"), join(root, "b")] as const;
  const pki = join(homes[0], "data", "pki");
  const certificates = {
    ca: join(pki, "etcd", "ca.crt"),
    cert: join(pki, "apiserver-etcd-client.crt"),
    key: join(pki, "apiserver-etcd-client.key"),
  };
  const started: ServerProcess[] = [];
  let endpoint = "";

  async function start(home: string, flags: readonly string[]): Promise<ServerProcess> {
    mkdirSync(home, { recursive: true });
    const server = new ServerProcess(home, join(home, "data"), flags);
    started.push(server);
    await server.ready;
    return server;
  }

  function etcdctl(...args: string[]): Promise<Ran> {
    const { ca, cert, key } = certificates;
    const flags = ["--endpoints", endpoint, "--cacert", ca, "--cert", cert, "--key", key];
    return execute("etcdctl", [...flags, ...args], { env: { ETCDCTL_API: "3" } });
  }

  beforeAll(async () => {
    const [port] = await freePorts(1);
    endpoint = `127.0.0.1:${port}`;
    await start(homes[0], ["--listen-etcd-client", endpoint, "--advertise-address", "10.0.0.1"]);
  });
  afterAll(async () => {
    await Promise.all(started.map((server) => server.kill("SIGKILL")));
    rmSync(root, { recursive: true, force: true });
  });

  it("shows its keys to who has a certificate of its etcd authority, and to nobody else", async () => {
    const keys = (await etcdctl("get", "/registry/namespaces/", "--prefix", "--keys-only")).stdout;
    expect(keys.split("\n").filter(Boolean)).toEqual(
      ["default", "kube-node-lease", "kube-public", "kube-system"].map((name) => `/registry/namespaces/${name}`),
    );
    expect((await etcdctl("endpoint", "status")).stdout).toContain(endpoint);
    const admin = { cert: join(pki, "admin.crt"), key: join(pki, "admin.key") };
    const flags = ["--endpoints", endpoint, "--cacert", certificates.ca, "--command-timeout", "2s"];
    for (const identity of [[], ["--cert", admin.cert, "--key", admin.key]]) {
      const refused = await execute("etcdctl", [...flags, ...identity, "get", "/"], { env: { ETCDCTL_API: "3" } });
      expect(refused.code).not.toBe(0);
    }
  });

  it("is the etcd of a second API server: both see what the other writes", { timeout: 60_000 }, async () => {
    mkdirSync(join(homes[1], "data", "pki"), { recursive: true });
    for (const name of ["ca.crt", "ca.key", "sa.key", "sa.pub"]) {
      cpSync(join(pki, name), join(homes[1], "data", "pki", name));
    }
    const { ca, cert, key } = certificates;
    const tls = ["--etcd-cafile", ca, "--etcd-certfile", cert, "--etcd-keyfile", key];
    const place = ["--etcd-servers", `https://${endpoint}`, "--advertise-address", "10.0.0.2"];
    const second = await start(homes[1], [...place, ...tls]);
    const [first] = started;
    if (first === undefined) throw new Error("no server");
    await second.call("POST", configMaps, { metadata: { name: "x" }, data: { from: "second" } });
    expect((await first.call("GET", `${configMaps}/x`))?.body.data).toEqual({ from: "second" });
    const patched = await first.call("PATCH", `${configMaps}/x`, { data: { from: "first" } });
    const read = await second.call("GET", `${configMaps}/x`);
    expect(read?.body).toEqual(patched?.body);
    const stale = { metadata: { name: "x", resourceVersion: "1" }, data: {} };
    expect((await second.call("PUT", `${configMaps}/x`, stale))?.status).toBe(409);
    const lists = await Promise.all([first, second].map((server) => server.call("GET", "/api/v1/configmaps")));
    expect(lists[0]?.body.items).toEqual(lists[1]?.body.items);
    const event = {
      metadata: { name: "e" },
      involvedObject: { namespace: "default" },
      reason: "Tested",
      type: "Normal",
    };
    expect((await second.call("POST", "/api/v1/namespaces/default/events", event))?.status).toBe(201);
    expect((await etcdctl("lease", "list")).stdout).toMatch(/found [1-9] leases/);
    const endpoints = await second.call("GET", "/api/v1/namespaces/default/endpoints/kubernetes");
    expect(endpoints?.body.subsets[0].addresses).toEqual([{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }]);
    const service = { metadata: { name: "s" }, spec: { type: "NodePort", ports: [{ port: 80, nodePort: 31000 }] } };
    const services = "/api/v1/namespaces/default/services";
    expect((await first.call("POST", services, service))?.status).toBe(201);
    const rival = { ...service, metadata: { name: "t" } };
    expect((await second.call("POST", services, rival))?.status).toBe(422);
    expect((await second.kill("SIGTERM")).code).toBe(0);
  });

  it("says what does not go together", { timeout: 60_000 }, async () => {
    const wrong = async (...flags: string[]) => {
      const server = new ServerProcess(root, join(root, "wrong"), flags);
      started.push(server);
      return (await server.exited).stderr;
    };
    expect(await wrong("--listen-etcd-client", "nowhere")).toContain("is not of the form ADDRESS:PORT");
    expect(await wrong("--etcd-servers-overrides", "/events", "--etcd-servers", "http://127.0.0.1:1")).toContain(
      "is not of the form group/resource#URL;URL",
    );
    expect(await wrong("--etcd-servers", "127.0.0.1:1")).toMatch(/is no URL|begins neither/);
    expect(await wrong("--etcd-servers", "https://127.0.0.1:1", "--etcd-certfile", "x")).toContain("given together");
  });
});
