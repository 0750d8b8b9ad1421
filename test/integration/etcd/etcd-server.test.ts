// The embedded store as etcd: for our own backend, and for Debian's etcdctl.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemHost } from "../../../src/host/index.ts";
import {
  createMemoryStore,
  type EtcdServer,
  openEtcdServer,
  openEtcdStore,
  openLmdbStore,
  type Store,
} from "../../../src/store/index.ts";
import { contentOf, put, remove, write } from "../../../src/store/store-probe.ts";
import { describeStore } from "../../../src/store/store-suite.ts";
import { eventually } from "../../support/eventually.ts";
import { execute, type Ran } from "../../support/sampan.ts";
import { EtcdCluster, withoutEtcd } from "./etcd-cluster.ts";
import { rebased } from "./rebased-store.ts";

const host = systemHost({ log: { level: "error" } });
const address = "127.0.0.1:0";

describe("our own backend on our own server", () => {
  let server: EtcdServer;
  let store: Store;
  let stores = 0;

  beforeAll(async () => {
    store = createMemoryStore(host);
    server = await openEtcdServer(host, store, { address });
  });
  afterAll(async () => {
    await server.close();
    await store.close();
  });

  describeStore(
    "a store in etcd's API over a store in memory",
    async (testHost, options) => {
      stores++;
      const place = { servers: [server.url], prefix: `/suite-${stores}`, root: "" };
      return rebased(await openEtcdStore(testHost, { ...place, compactionIntervalMs: 0, ...options }));
    },
    { ownClock: true },
  );
});

describe.skipIf(withoutEtcd)(`etcdctl${withoutEtcd ? ` (${withoutEtcd})` : ""}`, () => {
  const root = mkdtempSync(join(tmpdir(), "sampan-etcdctl-"));
  let folders = 0;
  let dir: string;
  let store: Store;
  let server: EtcdServer;

  beforeEach(async () => {
    folders++;
    dir = join(root, String(folders));
    store = await openLmdbStore(host, dir);
    server = await openEtcdServer(host, store, { address });
  });
  afterEach(async () => {
    await server.close();
    await store.close();
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function run(args: readonly string[], input?: string): Promise<Ran> {
    // Without the scheme: with it etcdctl 3.4 sends "http://…" as the authority of some requests, which HTTP/2 does not allow.
    const endpoint = server.url.replace("http://", "");
    return execute("etcdctl", ["--endpoints", endpoint, ...args], { env: { ETCDCTL_API: "3" }, input });
  }

  async function ctl(...args: string[]): Promise<string> {
    const ran = await run(args);
    expect(ran.code, ran.stderr).toBe(0);
    return ran.stdout;
  }

  async function json(...args: string[]) {
    return JSON.parse(await ctl(...args, "-w", "json"));
  }

  const configMap = (name: string, value: string) => ({
    type: "put" as const,
    key: `/registry/configmaps/default/${name}`,
    object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data: { value } },
  });

  it("gets, puts and deletes keys and ranges", async () => {
    await ctl("put", "/a/1", "one");
    await ctl("put", "/a/2", "two");
    await ctl("put", "/b/1", "three");
    expect(await ctl("get", "/a/1")).toBe("/a/1\none\n");
    expect(await ctl("get", "/", "--prefix", "--keys-only")).toBe("/a/1\n\n/a/2\n\n/b/1\n\n");
    expect(await ctl("get", "/a/1", "/b/1", "--print-value-only")).toBe("one\ntwo\n");
    expect(await ctl("get", "/a/2", "--from-key", "--print-value-only")).toBe("two\nthree\n");
    expect(await ctl("get", "", "--prefix", "--order=DESCEND", "--sort-by=MODIFY", "--limit=1")).toBe("/b/1\nthree\n");
    expect(await json("get", "/a", "--prefix", "--limit=1")).toMatchObject({ count: 2, more: true });
    expect(await ctl("put", "/a/1", "uno", "--prev-kv")).toBe("OK\n/a/1\none\n");
    expect((await json("get", "/a/1")).kvs[0]).toMatchObject({ create_revision: 1, mod_revision: 4, version: 2 });
    expect(await ctl("get", "/a/1", "--rev=1", "--print-value-only")).toBe("one\n");
    expect(await ctl("del", "/a", "--prefix", "--prev-kv")).toBe("2\n/a/1\nuno\n/a/2\ntwo\n");
    expect(await ctl("del", "/a", "--prefix")).toBe("0\n");
    expect(store.revision).toBe(5);
    const bytes = Buffer.from([0, 1, 0x80, 0xff]);
    const ran = await execute(
      "sh",
      ["-c", `printf '\\000\\001\\200\\377' | etcdctl --endpoints ${server.url} put /raw`],
      {
        env: { ETCDCTL_API: "3" },
      },
    );
    expect(ran.stdout).toBe("OK\n");
    expect((await json("get", "/raw")).kvs[0].value).toBe(bytes.toString("base64"));
  });

  it("shows objects as kube-apiserver keeps them, and what it puts the API sees", async () => {
    await write(store, configMap("a", "1"));
    const keys = await ctl("get", "/registry", "--prefix", "--keys-only");
    expect(keys).toBe("/registry/configmaps/default/a\n\n");
    const [kv] = (await json("get", "/registry/configmaps/default/a")).kvs;
    const value = Buffer.from(kv.value, "base64");
    expect(value.subarray(0, 4).toString()).toBe("k8s\0");
    const other = JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "b" },
      data: { value: "2" },
    });
    await ctl("put", "/registry/configmaps/default/b", other);
    const entry = await store.get("/registry/configmaps/default/b");
    expect(entry?.object).toMatchObject({
      kind: "ConfigMap",
      data: { value: "2" },
      metadata: { resourceVersion: "2" },
    });
    const junk = await run(["put", "/registry/configmaps/default/c", "hello"]);
    expect(junk.stderr).toMatch(/belongs to a resource of Kubernetes/);
    await ctl("put", "/registry/example.com/widgets/w", "hello");
    expect(await ctl("get", "/registry/example.com/widgets/w", "--print-value-only")).toBe("hello\n");
  });

  it("makes transactions", async () => {
    const txn = async (text: string) => (await run(["txn"], text)).stdout;
    await ctl("put", "/a", "1");
    expect(
      await txn('value("/a") = "1"\nmod("/a") = "1"\nversion("/none") = "0"\n\nput /a 2\nget /a\n\nget /a\n\n'),
    ).toBe("SUCCESS\n\nOK\n\n/a\n2\n");
    expect(await txn('create("/a") > "1"\n\nput /a 3\n\nget /a\nput /b 1\n\n')).toBe("FAILURE\n\n/a\n2\n\nOK\n");
    expect(await txn('value("/none") != "x"\n\nput /c 1\n\nget /b\n\n')).toBe("FAILURE\n\n/b\n1\n");
    // A kube-apiserver reads the revision of what it wrote there.
    const steps = JSON.parse((await run(["txn", "-w", "json"], "\nput /d 1\nget /d\ndel /d\n\n\n")).stdout);
    for (const { Response: step } of steps.responses) {
      expect(Object.values<{ header: object }>(step)[0]?.header).toEqual({ revision: steps.header.revision });
    }
    const twice = await run(["txn"], "\nput /x 1\nput /x 2\n\n\n");
    expect(twice.stderr).toContain("duplicate key given in txn request");
  });

  it("watches from now, from the past, deletions with what was before, and is told what was compacted", async () => {
    await ctl("put", "/w/1", "old");
    const watching = spawn("etcdctl", ["--endpoints", server.url, "watch", "/w", "--prefix", "--prev-kv", "--rev=1"], {
      env: { ...process.env, ETCDCTL_API: "3" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let seen = "";
    watching.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
    });
    try {
      await ctl("put", "/w/1", "new");
      await ctl("put", "/x", "unseen");
      await ctl("del", "/w/1");
      await eventually(
        async () => seen,
        (text) => text.includes("DELETE"),
      );
      expect(seen).toBe("PUT\n/w/1\nold\nPUT\n/w/1\nold\n/w/1\nnew\nDELETE\n/w/1\nnew\n/w/1\n\n");
    } finally {
      const ended = once(watching, "exit");
      watching.kill("SIGTERM");
      await ended;
    }
    await ctl("compact", "3");
    expect((await run(["get", "/w/1", "--rev=2"])).stderr).toContain("required revision has been compacted");
    expect((await run(["get", "/w/1", "--rev=99"])).stderr).toContain("required revision is a future revision");
    const late = await run(["watch", "/w", "--prefix", "--rev=1"]);
    expect(late.stderr + late.stdout).toContain("required revision has been compacted");
  });

  it("gives, keeps and revokes leases, whose keys end with them", { timeout: 60_000 }, async () => {
    const grant = async (seconds: number) =>
      / lease ([0-9a-f]+) /.exec(`x ${await ctl("lease", "grant", String(seconds))}`)?.[1] ?? "";
    const lease = await grant(100);
    await ctl("put", "/l/1", "a", `--lease=${lease}`);
    await ctl("put", "/l/2", "b", `--lease=${lease}`);
    await ctl("put", "/l/2", "free");
    expect(await ctl("lease", "timetolive", lease, "--keys")).toMatch(
      /granted with TTL\(100s\).*attached keys\(\[\/l\/1\]\)/,
    );
    expect(await ctl("lease", "list")).toContain(lease);
    expect(await ctl("lease", "keep-alive", lease, "--once")).toContain("TTL(100)");
    await ctl("lease", "revoke", lease);
    expect(await ctl("get", "/l", "--prefix", "--keys-only")).toBe("/l/2\n\n");
    const short = await grant(1);
    await ctl("put", "/l/3", "c", `--lease=${short}`);
    await eventually(
      () => ctl("get", "/l/3"),
      (text) => text === "",
    );
    expect((await run(["lease", "revoke", short])).stderr).toContain("requested lease not found");
    // A lease and its keys outlive a restart.
    const kept = await grant(2);
    await ctl("put", "/l/4", "d", `--lease=${kept}`);
    await server.close();
    await store.close();
    store = await openLmdbStore(host, dir);
    server = await openEtcdServer(host, store, { address });
    expect(await ctl("lease", "timetolive", kept, "--keys")).toContain("/l/4");
    await eventually(
      () => ctl("get", "/l/4"),
      (text) => text === "",
    );
  });

  it("saves a snapshot of which etcd makes a member", { timeout: 60_000 }, async () => {
    for (let i = 0; i < 300; i++) await write(store, configMap(`m${i}`, "x".repeat(i * 40)), put(`/plain/${i}`));
    await write(store, remove("/plain/7"));
    const file = join(root, "snapshot.db");
    await ctl("snapshot", "save", file);
    const status = await json("snapshot", "status", file);
    expect(status).toMatchObject({ totalKey: 600, revision: 300 });
    const restored = join(root, "restored");
    await ctl("snapshot", "restore", file, "--data-dir", restored);
    const etcd = await EtcdCluster.start({ dataDir: restored });
    try {
      const copy = await openEtcdStore(host, { servers: etcd.urls, compactionIntervalMs: 0 });
      const [mine, theirs] = [await contentOf(store, "/registry/"), await contentOf(copy, "/registry/")];
      expect(theirs).toEqual(mine);
      await copy.close();
    } finally {
      await etcd.stop();
    }
  });

  it("asks for status, members, alarms, hashes and defragmentation, and is refused users", async () => {
    expect(await ctl("endpoint", "status")).toMatch(/, 3\.5\.\d+, .*true/);
    expect((await run(["endpoint", "health"])).code).toBe(0);
    expect(await ctl("member", "list")).toContain(server.url);
    expect(await ctl("alarm", "list")).toBe("");
    expect(await ctl("defrag")).toContain("Finished defragmenting");
    expect(await ctl("endpoint", "hashkv")).toMatch(/^127\.0\.0\.1:\d+, \d+$/m);
    expect((await run(["auth", "enable"])).stderr).toContain("there are no users");
    expect((await run(["member", "add", "x", "--peer-urls=http://127.0.0.1:1"])).stderr).toContain("has one member");
  });

  it("elects and locks", { timeout: 30_000 }, async () => {
    expect((await run(["lock", "mutex", "true"])).code).toBe(0);
  });
});
