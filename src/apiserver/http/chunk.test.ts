import { expect, test } from "vitest";
import { Chunk, ChunkPool } from "./chunk.ts";

test("a chunk is framed as HTTP/1.1 wants it, with its payload in the middle", () => {
  const chunk = Chunk.of(Buffer.from("hello "), Buffer.from("wörld"));
  expect(chunk.payload.toString()).toBe("hello wörld");
  expect(chunk.framed.toString()).toBe("c\r\nhello wörld\r\n");
});

test("a chunk takes what there is room for", () => {
  const chunk = new Chunk(4);
  expect(chunk.append(Buffer.from("abcdef"), 1)).toBe(4);
  expect(chunk.room).toBe(0);
  expect(chunk.append(Buffer.from("abcdef"), 5)).toBe(0);
  expect(chunk.framed.toString()).toBe("4\r\nbcde\r\n");
});

test("a chunk that comes back from the pool is empty and framed anew", () => {
  const pool = new ChunkPool();
  const chunk = pool.take();
  chunk.append(Buffer.from("first"), 0);
  expect(chunk.framed.toString()).toBe("5\r\nfirst\r\n");
  pool.give(chunk);
  const again = pool.take();
  expect(again).toBe(chunk);
  again.append(Buffer.from("ab"), 0);
  expect(again.framed.toString()).toBe("2\r\nab\r\n");
});
