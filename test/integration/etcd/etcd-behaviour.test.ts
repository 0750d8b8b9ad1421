// What a store in etcd does that the shared suite cannot ask of all stores: time, compaction, failover, several writers, TLS.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadOrCreatePki } from "../../../src/cluster/pki.ts";
import { systemHost, testHost } from "../../../src/host/index.ts";
import {
  CompactedError,
  type EtcdStoreOptions,
  openEtcdStore,
  type Store,
  StoreError,
} from "../../../src/store/index.ts";
import { contentOf, dataOf, put, RecordingSink, remove, write } from "../../../src/store/store-probe.ts";
import { eventually } from "../../support/eventually.ts";
import { EtcdCluster, freePorts, withoutEtcd } from "./etcd-cluster.ts";

const host = systemHost({ log: { level: "error" } });

describe.skipIf(withoutEtcd)(`a store in etcd${withoutEtcd ? ` (${withoutEtcd})` : ""}`, () => {
  let etcd: EtcdCluster;
  let places = 0;
  const opened: Store[] = [];

  beforeAll(async () => {
    etcd = await EtcdCluster.start({ members: 3 });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(() => etcd?.stop());

  function newPrefix(): string {
    places++;
    return `/place-${places}`;
  }

  async function open(prefix: string, options: Partial<EtcdStoreOptions> = {}): Promise<Store> {
    const store = await openEtcdStore(host, {
      servers: etcd.urls,
      prefix,
      root: "",
      compactionIntervalMs: 0,
      ...options,
    });
    opened.push(store);
    return store;
  }

  function etcdctl(...args: string[]): string {
    const env = { ...process.env, ETCDCTL_API: "3" };
    return execFileSync("etcdctl", ["--endpoints", etcd.urls.join(","), ...args], { env, encoding: "utf8" });
  }

  it("deletes an entry when its time to live is over, unless a later put took it away", async () => {
    const store = await open(newPrefix());
    const sink = new RecordingSink();
    store.watch("/", store.revision, sink);
    await write(store, put("/a", "1", 2));
    await write(store, put("/b", "1", 2));
    await write(store, put("/b", "2"));
    await sink.reaches(4);
    expect(sink.all[3]).toMatchObject({ type: "delete", key: "/a" });
    expect(await contentOf(store, "/")).toEqual({ "/b": "2" });
  });

  it("sees at once what another store on the same etcd has committed, and the same history", async () => {
    const prefix = newPrefix();
    const [a, b] = [await open(prefix), await open(prefix)];
    const sink = new RecordingSink();
    const after = b.revision;
    b.watch("/", after, sink);
    for (let i = 0; i < 50; i++) {
      await write(a, put("/x", String(i)));
      expect(dataOf(await b.get("/x"))).toBe(String(i));
    }
    expect(sink.all.map(({ entry }) => dataOf(entry))).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    const stale = await b.commit({ compare: [{ key: "/x", revision: after }], operations: [remove("/x")] });
    expect(stale).toMatchObject({ committed: false, current: [{ revision: a.revision }] });
  });

  it("waits for a revision that another store has told of, and not for one that nobody has", async () => {
    const prefix = newPrefix();
    const [a, b] = [await open(prefix), await open(prefix)];
    const revision = await write(a, put("/x", "1"));
    await b.waitFor?.(revision);
    expect(b.revision).toBeGreaterThanOrEqual(revision);
    const before = Date.now();
    await b.waitFor?.(b.revision + 1_000);
    expect(Date.now() - before).toBeGreaterThan(2_900);
  });

  it("goes on while any one member is away", { timeout: 60_000 }, async () => {
    const prefix = newPrefix();
    const store = await open(prefix);
    const sink = new RecordingSink();
    store.watch("/", store.revision, sink);
    let written = 0;
    for (const member of [0, 1, 2]) {
      await etcd.kill(member);
      for (let i = 0; i < 20; i++) {
        await writeOnceMore(store, `/k/${written}`);
        written++;
      }
      await etcd.restart(member);
    }
    expect((await store.list("/k/")).count()).toBe(written);
    expect(new Set(sink.all.map(({ key }) => key)).size).toBe(written);
    const revisions = sink.all.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((x, y) => x - y));
  });

  it("says clearly that a quorum is missing, and goes on when it is back", { timeout: 90_000 }, async () => {
    const store = await open(newPrefix());
    await write(store, put("/a", "1"));
    await etcd.kill(0);
    await etcd.kill(1);
    await expect(store.get("/a")).rejects.toThrow(StoreError);
    // What need not be the newest is answered nonetheless.
    expect(await contentOf(store, "/", store.revision)).toEqual({ "/a": "1" });
    await Promise.all([etcd.restart(0), etcd.restart(1)]);
    const value = await eventually(
      () => store.get("/a").catch(() => undefined),
      (entry) => entry !== undefined,
    );
    expect(dataOf(value)).toBe("1");
    await write(store, put("/a", "2"));
  });

  it("turns to another member when one hangs, for reads and for what it follows", { timeout: 60_000 }, async () => {
    const prefix = newPrefix();
    const hanging = await open(prefix, { servers: etcd.urls });
    const other = await open(prefix, { servers: etcd.urls.slice(1) });
    const sink = new RecordingSink();
    hanging.watch("/", hanging.revision, sink);
    etcd.signal(0, "SIGSTOP");
    try {
      const revision = await writeOnceMore(other, "/a");
      const entry = await eventually(
        () => hanging.get("/a").catch(() => undefined),
        (found) => found !== undefined,
      );
      expect(entry?.revision).toBe(revision);
      expect(sink.all.map(({ key }) => key)).toEqual(["/a"]);
      await writeOnceMore(hanging, "/b");
    } finally {
      etcd.signal(0, "SIGCONT");
    }
    expect((await other.list("/")).count()).toBe(2);
  });

  it("begins anew when etcd has compacted what it missed, and tells its watchers", { timeout: 60_000 }, async () => {
    const prefix = newPrefix();
    const store = await open(prefix, { servers: [etcd.urls[0] ?? ""] });
    await write(store, put("/a", "1"), put("/b", "1"));
    const sink = new RecordingSink();
    store.watch("/", store.revision, sink);
    await etcd.kill(0);
    const others = await open(prefix, { servers: etcd.urls.slice(1) });
    await write(others, put("/a", "2"), remove("/b"));
    await others.compact(await write(others, put("/c", "1")));
    await etcd.restart(0);
    await eventually(
      async () => sink.ends.length,
      (ends) => ends > 0,
    );
    expect(sink.ends[0]).toBeInstanceOf(CompactedError);
    expect(await contentOf(store, "/")).toEqual({ "/a": "2", "/c": "1" });
  });

  it("reads a past revision that only etcd remembers", async () => {
    const prefix = newPrefix();
    const first = await open(prefix);
    const revision = await write(first, put("/a", "1"), put("/b", "1"));
    await write(first, put("/a", "2"));
    const second = await open(prefix);
    expect(await contentOf(second, "/", revision)).toEqual({ "/a": "1", "/b": "1" });
    expect(() => second.watch("/", revision, new RecordingSink())).toThrow(CompactedError);
  });

  it("compacts etcd every interval, one of all that are there, keeping the last interval", async () => {
    const own = await EtcdCluster.start();
    try {
      const hosts = [testHost(), testHost()];
      const place = { servers: own.urls, prefix: "/compacted", root: "", compactionIntervalMs: 300_000 };
      const stores = await Promise.all(hosts.map((one) => openEtcdStore(one, place)));
      opened.push(...stores);
      const [store] = stores;
      if (store === undefined) throw new Error("no store");
      const turn = async () => {
        const before = store.revision;
        await Promise.all(hosts.map((one) => one.clock.advance(300_000)));
        await eventually(
          async () => store.revision,
          (revision) => revision > before,
        );
        await new Promise((resolve) => setTimeout(resolve, 100)); // the compaction itself follows the key
      };
      const first = await write(store, put("/a", "1"));
      await turn();
      const second = await write(store, put("/a", "2"));
      await turn();
      await turn();
      const env = { ...process.env, ETCDCTL_API: "3" };
      const ask = (revision: number) =>
        execFileSync("etcdctl", ["--endpoints", own.urls.join(","), "get", "/compacted/a", `--rev=${revision}`], {
          env,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
        });
      expect(() => ask(first)).toThrow(/required revision has been compacted/);
      expect(ask(second + 1)).toContain("Thing");
    } finally {
      await Promise.all(opened.splice(0).map((store) => store.close()));
      await own.stop();
    }
  });

  it("harms only the reader of a value that nobody can read", async () => {
    const prefix = newPrefix();
    const store = await open(prefix);
    await write(store, put("/things/good", "1"));
    etcdctl("put", `${prefix}/things/bad`, "k8s:enc:aescbc:v1:key:scrambled");
    expect(dataOf(await store.get("/things/good"))).toBe("1");
    const bad = await store.get("/things/bad");
    expect(() => bad?.object).toThrow(/the value of \/things\/bad cannot be decoded/);
    await write(store, remove("/things/bad"));
    expect(await contentOf(store, "/")).toEqual({ "/things/good": "1" });
  });

  it("refuses in etcd's words what etcd does not take", async () => {
    const store = await open(newPrefix());
    const large = put("/large", "x".repeat(1_600 * 1024));
    await expect(write(store, large)).rejects.toThrow(/request is too large/);
    const larger = put("/large", "x".repeat(2 * 1024 * 1024));
    await expect(write(store, larger)).rejects.toThrow(/message larger than max/);
    const many = Array.from({ length: 200 }, (_, i) => put(`/many/${i}`));
    await expect(write(store, ...many)).rejects.toThrow(/too many operations/);
  });

  it("says which endpoint does not answer, and what is wrong with an address", { timeout: 60_000 }, async () => {
    const [port] = await freePorts(1);
    await expect(open("/x", { servers: [`http://127.0.0.1:${port}`] })).rejects.toThrow(
      new RegExp(`etcd at http://127.0.0.1:${port}: .*ECONNREFUSED`),
    );
    await expect(open("/x", { servers: ["127.0.0.1:2379"] })).rejects.toThrow(/is no URL|begins neither/);
  });

  it("speaks TLS with a client certificate", { timeout: 60_000 }, async () => {
    const dir = join(etcd.dir, "pki");
    await loadOrCreatePki(host, dir, { bindAddress: "127.0.0.1", serviceIP: "10.96.0.1" });
    const file = (name: string) => join(dir, name);
    const text = (name: string) => readFileSync(file(name), "utf8");
    const tls = { ca: file("ca.crt"), cert: file("apiserver.crt"), key: file("apiserver.key") };
    const secured = await EtcdCluster.start({ tls });
    try {
      const certificates = { ca: text("ca.crt"), cert: text("admin.crt"), key: text("admin.key") };
      const store = await eventually(
        () => open("/tls", { servers: secured.urls, ...certificates }).catch((error: unknown) => String(error)),
        (answer) => typeof answer !== "string",
        60_000,
      );
      if (typeof store === "string") throw new Error(store);
      await write(store, put("/a", "1"));
      expect(await contentOf(store, "/")).toEqual({ "/a": "1" });
      await expect(open("/tls", { servers: secured.urls, ca: certificates.ca })).rejects.toThrow(StoreError);
    } finally {
      await Promise.all(opened.splice(0).map((store) => store.close()));
      await secured.stop();
    }
  });
});

/** As a client that tries again does: a failed try may have been done. */
async function writeOnceMore(store: Store, key: string): Promise<number> {
  const outcome = await eventually(
    () => write(store, put(key)).catch((error: unknown) => error),
    (answer) => typeof answer === "number",
  );
  return Number(outcome);
}
