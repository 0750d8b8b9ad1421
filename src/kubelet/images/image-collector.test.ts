import { expect, test } from "vitest";
import { testHost } from "../../host/index.ts";
import type { Container, Image } from "../runtime/runtime.ts";
import { ImageCollector } from "./image-collector.ts";

const image = (name: string, sizeBytes: number): Image => ({
  id: `sha256:${name}`,
  repoTags: [`${name}:1`],
  repoDigests: [],
  sizeBytes,
});

const running = (name: string): Container => ({
  id: `of-${name}`,
  podSandboxId: "s",
  metadata: { name, attempt: 0 },
  image: { image: `${name}:1` },
  imageRef: `sha256:${name}`,
  state: "running",
  createdAtMs: 0,
  labels: {},
  annotations: {},
});

/** A disk of 1000 bytes that holds nothing but images. */
function disk(...images: readonly Image[]) {
  const host = testHost();
  const present = new Map(images.map((one) => [one.id, one]));
  const used: Container[] = [];
  const warnings: string[] = [];
  let other = 0;
  const collector = new ImageCollector({
    host,
    runtime: {
      listImages: async () => [...present.values()],
      listContainers: async () => used,
      removeImage: async ({ image: id }) => void present.delete(id),
    },
    diskOf: async () => {
      const taken = [...present.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, other);
      return { available: 1000 - taken, capacity: 1000 };
    },
    pinned: ({ repoTags }) => repoTags.includes("pause:1"),
    warn: (reason, message) => warnings.push(`${reason}: ${message}`),
  });
  const names = () => [...present.keys()].map((id) => id.slice("sha256:".length));
  const fill = (bytes: number) => {
    other = bytes;
  };
  return { host, collector, used, warnings, names, fill };
}

const minutes = (count: number) => count * 60_000;

test("below the high threshold nothing is removed", async () => {
  const { host, collector, names } = disk(image("a", 400), image("b", 400));
  collector.start();
  await host.clock.advance(minutes(20));
  expect(names()).toEqual(["a", "b"]);
});

test("above it, what was not used for the longest time goes until the low threshold is reached", async () => {
  const { host, collector, used, names, fill } = disk(
    image("pause", 1),
    image("old", 150),
    image("recent", 100),
    image("used", 100),
  );
  collector.start();
  used.push(running("used"), running("recent"));
  await host.clock.advance(minutes(5));
  used.pop();
  fill(599);
  await host.clock.advance(minutes(5));
  expect(names()).toEqual(["pause", "recent", "used"]);
});

test("young images stay, and the node is told that too little could be freed", async () => {
  const { collector, warnings, names, fill } = disk(image("young", 300));
  fill(600);
  await collector.collect();
  expect(names()).toEqual(["young"]);
  expect(warnings).toEqual([
    "FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 100 bytes, but only found 0 bytes eligible to free.",
  ]);
});

test("under disk pressure all unused images go, whatever their age, but not the pinned one", async () => {
  const { collector, used, names } = disk(image("pause", 1), image("a", 100), image("b", 100));
  used.push(running("b"));
  await collector.removeUnused();
  expect(names()).toEqual(["pause", "b"]);
});
