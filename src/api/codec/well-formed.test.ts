import { expect, it } from "vitest";
import { parseJson, parseYaml } from "./index.ts";

it("halves of surrogate pairs become the replacement character, whole pairs stay", async () => {
  const text = '{"a\\ud800":["\\uDFFFx","\\ud83d\\ude00"],"__proto__":"\\udc00"}';
  const { value } = parseJson(text, { findDuplicates: true });
  expect(Object.entries(value as object)).toEqual([
    ["a\ufffd", ["\ufffdx", "😀"]],
    ["__proto__", "\ufffd"],
  ]);
  expect((await parseYaml('a: "\\ud800"')).value).toEqual({ a: "\ufffd" });
});
