import { expect, test } from "vitest";
import { aContainer, aNode, aPod, clusterOf, scores } from "../testing/plugin-facts.ts";
import { imageLocality } from "./image-locality.ts";

const megabyte = 2 ** 20;
const having = (name: string, ...images: [name: string, megabytes: number][]) =>
  aNode(name, { images: images.map(([image, size]) => ({ names: [image], sizeBytes: size * megabyte })) });
const running = (...images: string[]) =>
  aPod("p", { containers: images.map((image, i) => ({ ...aContainer(`c${i}`), image })) });

test.each<[string, ReturnType<typeof aPod>, Record<string, number> | undefined]>([
  // (900 MB of which half counts, since half of the nodes have it, less 23) of (1000 - 23).
  ["a large image", running("big:1"), { a: 43, b: 0 }],
  ["small images do not matter", running("small:1"), { a: 0, b: 0 }],
  ["an image without a tag is the latest", running("latest"), { a: 100, b: 100 }],
  ["what all nodes have counts whole", running("latest", "big:1"), { a: 100, b: 100 }],
  ["images that nobody has say nothing", running("unknown"), undefined],
])("%s", (_, pod, expected) => {
  const cluster = clusterOf([
    having("a", ["big:1", 900], ["small:1", 20], ["latest:latest", 2000]),
    having("b", ["latest:latest", 2000]),
  ]);
  expect(scores(imageLocality, pod, cluster)).toEqual(expected);
});

test("images are forgotten with their node, and found on those that come", () => {
  const cluster = clusterOf([having("a", ["big:1", 900]), having("b", ["big:1", 900])]);
  expect(scores(imageLocality, running("big:1"), cluster)).toEqual({ a: 89, b: 89 });
  cluster.removeNode("b");
  cluster.setNode(aNode("c"));
  expect(scores(imageLocality, running("big:1"), cluster)).toEqual({ a: 43, c: 0 });
});
