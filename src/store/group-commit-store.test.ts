import { beforeEach, describe, expect, it } from "vitest";
import { type TestHost, testHost } from "../host/index.ts";
import { EncodedBytes } from "./encoded-bytes.ts";
import { GroupCommitStore } from "./group-commit-store.ts";
import { type Store, StoreError } from "./index.ts";
import type { Journal, JournalRecord } from "./journal.ts";
import { RevisionedIndex } from "./revisioned-index.ts";
import { contentOf, put, RecordingSink, remove, write } from "./store-probe.ts";

/** A disk whose every write waits until the test lets it succeed or fail. */
class ManualJournal implements Journal {
  readonly writes: { keys: string[]; revision: number; succeed(): void; fail(why: Error): void }[] = [];
  closed = false;

  encode(event: { key: string }): JournalRecord {
    return { key: event.key };
  }

  write(records: readonly JournalRecord[], revision: number): Promise<void> {
    const keys = records.map(({ key }) => key);
    return new Promise((succeed, fail) => this.writes.push({ keys, revision, succeed, fail }));
  }

  async sizeBytes(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const diskFull = new StoreError("disk full");

describe("a group commit store", () => {
  let host: TestHost;
  let journal: ManualJournal;
  let encoded: EncodedBytes;
  let store: Store;

  beforeEach(() => {
    host = testHost();
    journal = new ManualJournal();
    encoded = new EncodedBytes();
    store = new GroupCommitStore(host, new RevisionedIndex(host, { encoded }), journal);
  });

  async function flushed(index: number, end: (flush: (typeof journal.writes)[number]) => void): Promise<void> {
    await host.clock.settle();
    const flush = journal.writes[index];
    if (flush === undefined) throw new Error(`there is no write ${index}`);
    end(flush);
    await host.clock.settle();
  }

  it("lets commits share a flush, and the next ones while it lasts share the next", async () => {
    const commits = ["/a", "/b"].map((key) => write(store, put(key)));
    await host.clock.settle();
    commits.push(...["/c", "/d", "/e"].map((key) => write(store, put(key))));
    await flushed(0, (flush) => flush.succeed());
    await flushed(1, (flush) => flush.succeed());
    expect(await Promise.all(commits)).toEqual([1, 2, 3, 4, 5]);
    expect(journal.writes.map(({ keys, revision }) => [keys, revision])).toEqual([
      [["/a", "/b"], 2],
      [["/c", "/d", "/e"], 5],
    ]);
  });

  it("shows nothing of a commit before it is durable", async () => {
    const sink = new RecordingSink();
    store.watch("/", 0, sink);
    let done = false;
    const commit = write(store, put("/a")).then(() => {
      done = true;
    });
    await host.clock.settle();
    expect([store.revision, await store.get("/a"), (await store.list("/")).count(), sink.all, done]).toEqual([
      0,
      undefined,
      0,
      [],
      false,
    ]);
    await flushed(0, (flush) => flush.succeed());
    await commit;
    expect([store.revision, sink.all.length]).toEqual([1, 1]);
  });

  it("checks a commit against those that wait, and answers a refusal only when what refused it is durable", async () => {
    const first = write(store, put("/a", "1"));
    await host.clock.settle();
    const second = store.commit({ compare: [{ key: "/a", revision: 1 }], operations: [put("/a", "2")] });
    let answered = false;
    const refused = store.commit({ compare: [{ key: "/a", revision: 1 }], operations: [put("/a", "3")] });
    void refused.then(() => {
      answered = true;
    });
    await flushed(0, (flush) => flush.succeed());
    await first;
    expect(answered).toBe(false);
    await flushed(1, (flush) => flush.succeed());
    expect(await second).toMatchObject({ committed: true, revision: 2 });
    expect(await refused).toMatchObject({ committed: false, current: [{ revision: 2 }] });
  });

  it("loses a failed flush and all that came after it, then works again", async () => {
    const sink = new RecordingSink();
    store.watch("/", 0, sink);
    const kept = write(store, put("/a", "kept"));
    await flushed(0, (flush) => flush.succeed());
    await kept;
    const lost = [write(store, put("/b")), write(store, remove("/a"))];
    await host.clock.settle();
    lost.push(write(store, put("/c")));
    const refused = store.commit({ compare: [{ key: "/a", revision: 1 }], operations: [put("/a", "2")] });
    const settled = Promise.allSettled([...lost, refused]);
    await flushed(1, (flush) => flush.fail(diskFull));
    for (const outcome of await settled) expect(outcome).toEqual({ status: "rejected", reason: diskFull });
    expect([store.revision, await contentOf(store, "/"), journal.writes.length]).toEqual([1, { "/a": "kept" }, 2]);

    const next = store.commit({ compare: [{ key: "/a", revision: 1 }], operations: [put("/a", "2")] });
    await flushed(2, (flush) => flush.succeed());
    expect(await next).toMatchObject({ committed: true, revision: 2 });
    expect(sink.lines).toEqual(["1 put /a kept 1 was 0", "2 put /a 2 2 was 1"]);
  });

  it("keeps expired entries while the disk fails, and deletes them when it works again", async () => {
    const created = write(store, put("/a", "", 10));
    await flushed(0, (flush) => flush.succeed());
    await created;
    await host.clock.advance(10_000);
    await flushed(1, (flush) => flush.fail(diskFull));
    expect(await store.get("/a")).toBeDefined();
    await host.clock.advance(1_000);
    await flushed(2, (flush) => flush.succeed());
    expect(await store.get("/a")).toBeUndefined();
  });

  it("finishes the commits under way before it closes its disk", async () => {
    const commit = write(store, put("/a"));
    const closing = store.close();
    await expect(write(store, put("/b"))).rejects.toThrow("the store is closed");
    await host.clock.settle();
    expect(journal.closed).toBe(false);
    await flushed(0, (flush) => flush.succeed());
    expect(await commit).toBe(1);
    await closing;
    expect(journal.closed).toBe(true);
  });

  it("wraps an error of the disk that is no StoreError", async () => {
    const lost = write(store, put("/a"));
    const settled = Promise.allSettled([lost]);
    await flushed(0, (flush) => flush.fail(new Error("EIO")));
    expect(await settled).toMatchObject([{ reason: { name: "StoreError", message: "cannot write: EIO" } }]);
  });
});
