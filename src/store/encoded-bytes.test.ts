import { describe, expect, it } from "vitest";
import { EncodedBytes } from "./encoded-bytes.ts";
import { StoredEntry } from "./entry.ts";
import { draft } from "./store-suite.ts";

function entry(encoded: EncodedBytes, name: string): StoredEntry {
  return StoredEntry.ofObject({ key: name, revision: 1, createRevision: 1, expiresAtMs: 0 }, encoded, draft(name));
}

describe("encoded bytes", () => {
  const size = entry(new EncodedBytes(), "a").json().length;

  it("lets the oldest entry forget its bytes when there are too many, and encodes it anew when asked", () => {
    const encoded = new EncodedBytes(2 * size);
    const entries = ["a", "b", "c"].map((name) => entry(encoded, name));
    const [first, ...others] = entries.map((each) => each.json());
    expect(encoded.total).toBe(2 * size);
    expect(entries.slice(1).map((each) => each.json())).toEqual(others);
    expect(entries[2]?.json()).toBe(others[1]);
    expect(entries[0]?.json()).toEqual(first);
    expect(entries[0]?.json()).not.toBe(first);
  });

  it("counts nothing that was forgotten, in any order", () => {
    const encoded = new EncodedBytes();
    const entries = ["a", "b", "c", "d"].map((name) => entry(encoded, name));
    for (const each of entries) each.json();
    for (const i of [1, 3, 0, 0, 2]) entries[i]?.forgetBytes();
    expect(encoded.total).toBe(0);
    entries[1]?.json();
    expect(encoded.total).toBe(size);
  });

  it("keeps one entry that is larger than all it may keep", () => {
    const encoded = new EncodedBytes(1);
    const large = entry(encoded, "a");
    expect(large.json()).toBe(large.json());
  });
});
