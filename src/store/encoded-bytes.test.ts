import { describe, expect, it } from "vitest";
import { EncodedBytes } from "./encoded-bytes.ts";
import { StoredEntry } from "./entry.ts";
import { draft } from "./store-probe.ts";

function entry(encoded: EncodedBytes, name: string): StoredEntry {
  return StoredEntry.ofObject({ key: name, revision: 1, createRevision: 1, expiresAtMs: 0 }, encoded, draft(name));
}

describe("encoded bytes", () => {
  const size = entry(new EncodedBytes(), "a").json().length;

  it("lets the oldest entry forget its bytes when there are too many, and encodes it anew when asked", () => {
    const encoded = new EncodedBytes({ readBytesMax: 2 * size });
    const entries = ["a", "b", "c"].map((name) => entry(encoded, name));
    const [first, ...others] = entries.map((each) => each.json());
    expect(encoded.total).toBe(2 * size);
    expect(entries.slice(1).map((each) => each.json())).toEqual(others);
    expect(entries[2]?.json()).toBe(others[1]);
    expect(entries[0]?.json()).toEqual(first);
    expect(entries[0]?.json()).not.toBe(first);
  });

  it("lets the oldest entry give up its object where bytes are kept, and finds it as long as somebody has it", () => {
    const encoded = new EncodedBytes({ readBytesMax: 2 * size, keeps: "bytes" });
    const [first, ...others] = ["a", "b", "c"].map((name) => entry(encoded, name));
    const object = first?.object;
    const bytes = first?.json();
    for (const each of others) each.json();
    expect(encoded.total).toBe(2 * size);
    expect(first?.json()).toBe(bytes);
    expect(first?.object).toBe(object);
  });

  it("keeps little of what was only written, and more of what was read since", () => {
    const encoded = new EncodedBytes({ writtenBytesMax: size, keeps: "bytes" });
    const written = ["a", "b", "c"].map((name) => entry(encoded, name));
    for (const each of written) each.encodeWithHeader(4);
    expect(encoded.total).toBe(0); // nobody was told yet
    for (const each of written) each.settle();
    expect(encoded.total).toBe(size);
    const facts = { key: "d", revision: 1, createRevision: 1, expiresAtMs: 0 };
    for (let i = 0; i < 3; i++)
      expect(StoredEntry.ofBytes(facts, encoded, written[0]?.json() ?? Buffer.of()).object).toBeDefined();
    expect(encoded.total).toBe(4 * size);
  });

  it("parses an entry of the disk when it is needed, and counts it from then on", () => {
    const encoded = new EncodedBytes({ readBytesMax: size, keeps: "bytes" });
    const facts = { key: "a", revision: 1, createRevision: 1, expiresAtMs: 0 };
    const entries = ["a", "b"].map((name) =>
      StoredEntry.ofBytes(facts, encoded, entry(new EncodedBytes(), name).json()),
    );
    expect(encoded.total).toBe(0);
    const [first] = entries.map((each) => each.object);
    expect(encoded.total).toBe(size);
    expect(entries[0]?.object).toEqual(first);
  });

  it("counts nothing that was forgotten, in any order", () => {
    const encoded = new EncodedBytes();
    const entries = ["a", "b", "c", "d"].map((name) => entry(encoded, name));
    for (const each of entries) each.json();
    for (const i of [1, 3, 0, 0, 2]) entries[i]?.retire();
    expect(encoded.total).toBe(0);
    entry(encoded, "e").json();
    expect(encoded.total).toBe(size);
  });

  it("keeps one entry that is larger than all it may keep", () => {
    const encoded = new EncodedBytes({ readBytesMax: 1 });
    const large = entry(encoded, "a");
    expect(large.json()).toBe(large.json());
  });
});
