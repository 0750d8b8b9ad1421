import { expect, it } from "vitest";
import { jsonDiff, unifiedDiff } from "./text-diff.ts";

it("shows a change with three lines around it", () => {
  const before = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
  const after = before.map((line) => (line === "e" ? "E" : line));
  expect(unifiedDiff(before, after)).toBe("@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n");
});

it("joins changes whose surroundings touch, and parts those far away", () => {
  const before = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const near = before.map((line, i) => (i === 5 || i === 11 ? "other" : line));
  const far = before.map((line, i) => (i === 5 || i === 20 ? "other" : line));
  expect(unifiedDiff(before, near).match(/^@@/gm)).toHaveLength(1);
  expect(unifiedDiff(before, far).match(/^@@/gm)).toHaveLength(2);
});

it("prints values one field a line", () => {
  expect(jsonDiff({ A: 1 }, { A: 2 })).toBe('@@ -1,3 +1,3 @@\n {\n- "A": 1\n+ "A": 2\n }\n');
});
