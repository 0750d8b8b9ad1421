import { describe, expect, it } from "vitest";
import { testHost } from "../../host/index.ts";
import { createMemoryStore } from "../index.ts";
import { KeyRange } from "./key-range.ts";

const zero = Buffer.from([0]);
const range = (key: string | Buffer, end: string | Buffer = "") => new KeyRange(Buffer.from(key), Buffer.from(end));

describe("a range of etcd's keys", () => {
  it("is one key, a prefix, from a key on, between two, or everything", async () => {
    const store = createMemoryStore(testHost());
    const keys = ["/a", "/a/1", "/a/2", "/b", "z", "ä"];
    const operations = keys.map((key) => ({
      type: "put" as const,
      key,
      object: { apiVersion: "v1", kind: "Thing", metadata: {} },
    }));
    await store.commit({ compare: [], operations });
    const snapshot = await store.list("");
    const keysOf = (one: KeyRange) => [...one.entriesOf(snapshot)].map(({ key }) => key);
    expect(keysOf(range("/a"))).toEqual(["/a"]);
    expect(keysOf(range("/a/", "/a0"))).toEqual(["/a/1", "/a/2"]);
    expect(keysOf(range("/a\0", "/b"))).toEqual(["/a/1", "/a/2"]);
    expect(keysOf(range("/a/2", zero))).toEqual(["/a/2", "/b", "z", "ä"]);
    expect(keysOf(range(zero, zero))).toEqual(keys);
    expect(keysOf(range("/a", "/a/2"))).toEqual(["/a", "/a/1"]);
    expect(keysOf(range("/none"))).toEqual([]);
  });

  it("names the shortest prefix that a watch has to look at", () => {
    expect(range("/registry/pods/", "/registry/pods0").prefix).toBe("/registry/pods/");
    expect(range("/a/b").prefix).toBe("/a/b");
    expect(range("/a/1", "/a/5").prefix).toBe("/a/");
    expect(range(zero, zero).prefix).toBe("");
  });

  it("needs a key of readable text", () => {
    expect(() => range("")).toThrow(/key is not provided/);
    expect(() => range(Buffer.from([0xff, 0xfe]))).toThrow(/UTF-8/);
    expect(range("ok\ufffd").from).toBe("ok\ufffd");
  });
});
