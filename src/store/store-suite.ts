import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestHost, testHost } from "../host/index.ts";
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type Revision,
  type Store,
  StoreError,
  type Txn,
} from "./index.ts";
import { contentOf, dataOf, draft, keysOf, put, RecordingSink, remove, write } from "./store-probe.ts";
import { compareWithTwin, stepArbitrary } from "./store-twin.ts";

/** Opens a fresh store; `historyEventsMax` bounds its history where a test needs that. */
export type OpenStore = (host: TestHost, options?: { historyEventsMax?: number }) => Promise<Store>;

export interface SuiteOptions {
  /** Entries end by the store's own clock, not by the host's: what time does to them is tested elsewhere. */
  readonly ownClock?: boolean;
}

/** What every implementation of Store promises. */
export function describeStore(name: string, open: OpenStore, { ownClock = false }: SuiteOptions = {}): void {
  describe(name, () => {
    let host: TestHost;
    let store: Store;

    beforeEach(async () => {
      host = testHost();
      store = await open(host);
    });
    afterEach(() => store.close());

    describe("commits", () => {
      it("creates an object stamped with its revision, once", async () => {
        const create: Txn = { compare: [{ key: "/a", revision: 0 }], operations: [put("/a", "1")] };
        const result = await store.commit(create);
        expect(result).toMatchObject({ committed: true, revision: 1 });
        const entry = await store.get("/a");
        expect(entry).toMatchObject({ key: "/a", revision: 1, createRevision: 1 });
        expect(entry?.object.metadata.resourceVersion).toBe("1");
        expect(result.committed && result.entries[0]).toBe(entry);

        const again = await store.commit({ compare: [{ key: "/a", revision: 0 }], operations: [put("/a", "2")] });
        expect(again).toEqual({ committed: false, current: [entry] });
        expect(store.revision).toBe(1);
      });

      it("updates only the version it was told, and keeps the creating revision", async () => {
        await write(store, put("/a", "1"));
        const update = { compare: [{ key: "/a", revision: 1 }], operations: [put("/a", "2")] };
        expect(await store.commit(update)).toMatchObject({ committed: true, revision: 2 });
        expect(await store.get("/a")).toMatchObject({ revision: 2, createRevision: 1 });
        const stale = await store.commit({ compare: [{ key: "/a", revision: 1 }], operations: [put("/a", "3")] });
        expect(stale).toMatchObject({ committed: false, current: [{ revision: 2 }] });
        expect(dataOf(await store.get("/a"))).toBe("2");
      });

      it("answers a delete with the last version at the revision of the deletion", async () => {
        await write(store, put("/a", "1"));
        const result = await store.commit({ compare: [{ key: "/a", revision: 1 }], operations: [remove("/a")] });
        expect(result).toMatchObject({ committed: true, revision: 2, entries: [{ revision: 2, createRevision: 1 }] });
        const last = result.committed ? result.entries[0] : undefined;
        expect(last?.object).toEqual({ ...draft("/a", "1"), metadata: { name: "/a", resourceVersion: "2" } });
        expect(await store.get("/a")).toBeUndefined();
      });

      it("refuses to delete what does not exist", async () => {
        expect(await store.commit({ compare: [], operations: [remove("/a")] })).toEqual({
          committed: false,
          current: [],
        });
        expect(store.revision).toBe(0);
      });

      it("changes several keys in one revision or none of them", async () => {
        expect(await write(store, put("/a", "1"), put("/b", "1"))).toBe(1);
        const compare = [
          { key: "/a", revision: 1 },
          { key: "/b", revision: 7 },
          { key: "/c", revision: 0 },
        ];
        const refused = await store.commit({ compare, operations: [put("/a", "2"), put("/c", "2")] });
        expect(refused).toMatchObject({ committed: false, current: [{ key: "/a" }, { key: "/b" }, undefined] });
        expect(dataOf(await store.get("/a"))).toBe("1");
        expect(await write(store, remove("/a"), put("/b", "2"), put("/c", "2"))).toBe(2);
        expect(await contentOf(store, "/")).toEqual({ "/b": "2", "/c": "2" });
      });

      it("takes no revision for a transaction that only compares", async () => {
        await write(store, put("/a"));
        const result = await store.commit({ compare: [{ key: "/a", revision: 1 }], operations: [] });
        expect(result).toEqual({ committed: true, revision: 1, entries: [] });
      });

      it("refuses two operations on one key", async () => {
        await expect(write(store, put("/a"), put("/a"))).rejects.toThrow(StoreError);
        expect(store.revision).toBe(0);
      });

      it("lets exactly one of many concurrent creators of a key win", async () => {
        const create = (data: string) =>
          store.commit({ compare: [{ key: "/a", revision: 0 }], operations: [put("/a", data)] });
        const results = await Promise.all(["1", "2", "3", "4"].map(create));
        expect(results.filter((result) => result.committed)).toHaveLength(1);
        const refused = { committed: false, current: [await store.get("/a")] };
        for (const result of results) if (!result.committed) expect(result).toEqual(refused);
      });

      it("encodes an entry once", async () => {
        await write(store, put("/a", "ä"));
        const entry = await store.get("/a");
        expect(JSON.parse(String(entry?.json()))).toEqual(entry?.object);
        expect(entry?.json()).toBe(entry?.json());
      });
    });

    describe("lists", () => {
      it("gives the entries under a prefix in key order, and goes on after a key", async () => {
        for (const key of ["/pods/b/1", "/pods/a/2", "/podsx/a/1", "/pods/a/1", "/nodes/1"])
          await write(store, put(key));
        const snapshot = await store.list("/pods/");
        expect(keysOf(snapshot.entries())).toEqual(["/pods/a/1", "/pods/a/2", "/pods/b/1"]);
        expect(keysOf(snapshot.entries("/pods/a/1"))).toEqual(["/pods/a/2", "/pods/b/1"]);
        expect(keysOf(snapshot.entries("/pods/a/11"))).toEqual(["/pods/a/2", "/pods/b/1"]);
        expect(keysOf(snapshot.entries("/z"))).toEqual([]);
        expect([
          snapshot.count(),
          snapshot.count("/pods/a/1"),
          snapshot.count("/pods/a/11"),
          snapshot.count("/z"),
        ]).toEqual([3, 2, 2, 0]);
        expect((await store.list("")).count()).toBe(5);
        expect((await store.list("/none/")).count()).toBe(0);
      });

      it("keeps a snapshot as it was while writes go on", async () => {
        for (let i = 0; i < 300; i++) await write(store, put(`/a/${i}`, "old"));
        const snapshot = await store.list("/a/");
        const pages = snapshot.entries()[Symbol.iterator]();
        const first = pages.next();
        for (let i = 0; i < 300; i += 2) await write(store, remove(`/a/${i}`));
        for (let i = 1; i < 300; i += 2) await write(store, put(`/a/${i}`, "new"));
        const seen: Entry[] = [first.value];
        for (let page = pages.next(); !page.done; page = pages.next()) seen.push(page.value);
        expect(seen.length).toBe(300);
        expect(new Set(seen.map(dataOf))).toEqual(new Set(["old"]));
        expect(snapshot.revision).toBe(300);
        expect((await store.list("/a/")).count()).toBe(150);
      });

      it("reads any past revision that history reaches", async () => {
        await write(store, put("/a", "1"));
        await write(store, put("/a", "2"), put("/b", "1"));
        await write(store, remove("/a"));
        await write(store, put("/a", "3"));
        const states = [{}, { "/a": "1" }, { "/a": "2", "/b": "1" }, { "/b": "1" }, { "/a": "3", "/b": "1" }];
        for (const at of [2, 0, 4, 1, 3, 2]) expect(await contentOf(store, "/", at)).toEqual(states[at]);
        expect((await store.list("/", 2)).revision).toBe(2);
      });

      it("refuses a revision that has not happened", async () => {
        await expect(store.list("/", 1)).rejects.toThrow(FutureRevisionError);
      });
    });

    describe("watches", () => {
      it("hands over kept history, then what happens", async () => {
        await write(store, put("/pods/a", "1"));
        await write(store, put("/pods/a", "2"));
        await write(store, put("/nodes/a", "1"));
        const sink = new RecordingSink();
        store.watch("/pods/", 1, sink);
        expect(sink.lines).toEqual(["2 put /pods/a 2 2 was 1"]);
        await write(store, remove("/pods/a"));
        await write(store, remove("/nodes/a"));
        expect(sink.lines).toEqual(["2 put /pods/a 2 2 was 1", "4 delete /pods/a 2 4 was 2"]);
      });

      it("finds watchers of everything, of a folder, of one object and of half a name", async () => {
        const prefixes = ["", "/", "/pods/", "/pods/ns/", "/pods/ns/ab", "/pods/ns/abc", "/pod", "/pods/ns/x", "p"];
        const sinks = prefixes.map((prefix) => {
          const sink = new RecordingSink();
          store.watch(prefix, 0, sink);
          return sink;
        });
        const others = Array.from({ length: 50 }, (_, i) => store.watch(`/pods/ns/other${i}`, 0, new RecordingSink()));
        await write(store, put("/pods/ns/abc"));
        expect(sinks.map((sink) => sink.all.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0]);
        for (const other of others) other.cancel();
        await write(store, put("/pods/ns/abc"));
        expect(sinks.map((sink) => sink.all.length)).toEqual([2, 2, 2, 2, 2, 2, 2, 0, 0]);
      });

      it("does not split a commit", async () => {
        const sink = new RecordingSink();
        store.watch("/", 0, sink);
        await write(store, put("/a"), put("/b"));
        expect(sink.batches.map((batch) => batch.length)).toEqual([2]);
      });

      it("is silent after it was cancelled", async () => {
        const sink = new RecordingSink();
        const subscription = store.watch("/", 0, sink);
        await write(store, put("/a"));
        subscription.cancel();
        subscription.cancel();
        await write(store, put("/b"));
        expect(sink.all.length).toBe(1);
        expect(sink.ends).toEqual([]);
      });

      it("waits for a revision that has not happened", async () => {
        const sink = new RecordingSink();
        store.watch("/", 2, sink);
        for (const key of ["/a", "/b", "/c"]) await write(store, put(key));
        expect(sink.all.map((event) => event.revision)).toEqual([3]);
      });

      it("shows a change before its commit resolves, and no watcher anything out of order when a sink writes", async () => {
        const late = new RecordingSink();
        let inner: Promise<unknown> | undefined;
        store.watch("/", 0, {
          events: (batch) => {
            if (batch[0]?.revision !== 1) return;
            inner = write(store, put("/b"));
            store.watch("/", 0, late);
          },
          closed: () => {},
        });
        const second = new RecordingSink();
        store.watch("/", 0, second);
        await write(store, put("/a"));
        await inner;
        expect(second.all.map((event) => event.revision)).toEqual([1, 2]);
        expect(late.all.map((event) => event.revision)).toEqual([1, 2]);
      });

      it("ends only the watch whose sink throws", async () => {
        const healthy = new RecordingSink();
        let calls = 0;
        store.watch("/", 0, {
          events: () => {
            calls++;
            throw new Error("broken sink");
          },
          closed: () => {},
        });
        store.watch("/", 0, healthy);
        await write(store, put("/a"));
        await write(store, put("/b"));
        expect([calls, healthy.all.length]).toEqual([1, 2]);
      });
    });

    describe("history", () => {
      it("forgets what was compacted, and nothing else", async () => {
        for (const data of ["1", "2", "3"]) await write(store, put("/a", data));
        await store.list("/", 1);
        await store.compact(2);
        await expect(store.list("/", 1)).rejects.toThrow(CompactedError);
        expect(() => store.watch("/", 1, new RecordingSink())).toThrow(CompactedError);
        expect(await contentOf(store, "/", 2)).toEqual({ "/a": "2" });
        const sink = new RecordingSink();
        store.watch("/", 2, sink);
        expect(sink.all.map((event) => event.revision)).toEqual([3]);
        await store.compact(1);
        await expect(store.compact(4)).rejects.toThrow(FutureRevisionError);
      });

      it("is bounded by age", async () => {
        await write(store, put("/a", "1"));
        await host.clock.advance(5 * 60_000 + 1);
        await write(store, put("/a", "2"));
        expect(() => store.watch("/", 0, new RecordingSink())).toThrow(CompactedError);
        expect(await contentOf(store, "/", 1)).toEqual({ "/a": "1" });
      });

      it("is bounded by count", async () => {
        const small = await open(host, { historyEventsMax: 10 });
        // Commits of the same moment may take their revisions in any order.
        const written = new Map<Revision, string>();
        const writeAndNote = async (data: string) => written.set(await write(small, put("/a", data)), data);
        for (let i = 1; i <= 9_000; i += 9) {
          await Promise.all(Array.from({ length: 9 }, (_, j) => writeAndNote(String(i + j))));
        }
        expect(() => small.watch("/", 8_989, new RecordingSink())).toThrow(CompactedError);
        expect(await contentOf(small, "/", 8_990)).toEqual({ "/a": written.get(8_990) });
        const sink = new RecordingSink();
        small.watch("/", 8_997, sink);
        expect(sink.all.map((event) => event.revision)).toEqual([8_998, 8_999, 9_000]);
        await small.close();
      });
    });

    describe.skipIf(ownClock)("time to live", () => {
      it("deletes an entry when its time is over, as any delete", async () => {
        const sink = new RecordingSink();
        store.watch("/", 0, sink);
        await write(store, put("/a", "1", 10));
        await write(store, put("/b", "1", 20));
        await host.clock.advance(9_999);
        expect(sink.all.length).toBe(2);
        await host.clock.advance(1);
        await sink.reaches(3);
        expect(sink.lines[2]).toBe("3 delete /a 1 3 was 1");
        await host.clock.advance(10_000);
        await sink.reaches(4);
        expect(await contentOf(store, "/")).toEqual({});
      });

      it("belongs to the version: a later put sets a new one or none", async () => {
        await write(store, put("/a", "1", 10), put("/b", "1", 10), put("/c", "1", 10));
        await write(store, put("/a", "2"), put("/b", "2", 30));
        const sink = new RecordingSink();
        store.watch("/", store.revision, sink);
        await host.clock.advance(20_000);
        await sink.reaches(1);
        expect(await contentOf(store, "/")).toEqual({ "/a": "2", "/b": "2" });
        await host.clock.advance(10_000);
        await sink.reaches(2);
        expect(await contentOf(store, "/")).toEqual({ "/a": "2" });
      });

      it("deletes any number of entries that end together", async () => {
        await write(store, ...Array.from({ length: 1_200 }, (_, i) => put(`/a/${i}`, "1", 10)));
        const sink = new RecordingSink();
        store.watch("/", store.revision, sink);
        await host.clock.advance(10_000);
        for (const count of [500, 1_000, 1_200]) {
          await sink.reaches(count);
          await host.clock.advance(1);
        }
        expect((await store.list("/")).count()).toBe(0);
      });
    });

    it("ends its watches once when it closes, and refuses everything after", async () => {
      const sink = new RecordingSink();
      store.watch("/", 0, sink);
      const last = write(store, put("/a"));
      await store.close();
      await store.close();
      expect(await last).toBe(1);
      expect(sink.all.length).toBe(1);
      expect(sink.ends).toEqual([expect.any(StoreError)]);
      await expect(store.get("/a")).rejects.toThrow(StoreError);
      await expect(store.list("/")).rejects.toThrow(StoreError);
      await expect(write(store, put("/a"))).rejects.toThrow(StoreError);
      expect(() => store.watch("/", 0, sink)).toThrow(StoreError);
    });

    // Dozens of stores are opened: on a busy disk that takes its time.
    it("is one history, whatever is written at the same time: every commit, refusal, watch and past state agrees with it", {
      timeout: 60_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(stepArbitrary, { minLength: 1, maxLength: 8 }), { maxLength: 12 }),
          async (turns) => {
            const subject = await open(testHost());
            try {
              await compareWithTwin(subject, turns);
            } finally {
              await subject.close();
            }
          },
        ),
        { numRuns: 60, seed: 20_260_101 },
      );
    });
  });
}
