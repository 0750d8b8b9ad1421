import { describe, expect, it, test } from "vitest";
import { re2, re2Problem } from "./index.ts";

test.each([
  ["(", "missing closing ): `(`"],
  [")", "unexpected ): `)`"],
  ["[a", "missing closing ]: `[a`"],
  ["a**", "invalid nested repetition operator: `**`"],
  ["*a", "missing argument to repetition operator: `*`"],
  ["a{1001}", "invalid repeat count: `{1001}`"],
  ["[z-a]", "invalid character class range: `z-a`"],
  ["(?=x)", "invalid or unsupported Perl syntax: `(?=`"],
  ["(?<!x)", "invalid named capture: `(?<!x)`"],
  ["\\1", "invalid escape sequence: `\\1`"],
  ["(?P<n", "invalid named capture: `(?P<n`"],
  ["a\\", "trailing backslash at end of expression: ``"],
])("%s is no pattern, and the original's words say why", (pattern, problem) => {
  expect(re2Problem(pattern)).toBe(`error parsing regexp: ${problem}`);
  expect(() => re2(pattern)).toThrow(problem);
});

describe("a pattern", () => {
  it.each([
    ["^[[:alpha:]_][[:word:]]*$", "a_1", "1a"],
    ["\\A\\pL+\\z", "äß", "ä1"],
    ["(?i)^abc$", "aBC", "abcd"],
    ["(?P<year>\\d{4})-(?P<month>\\d\\d)", "2026-11", "26-11"],
    ["(?s)^a.b$", "a\nb", "a\nc"],
    ["^a$", "a", "a\n"],
    ["^\\Qa.b\\E$", "a.b", "axb"],
    ["^.$", "\u{1f600}", "ab"],
    ["^[^\\x00-\\x1f]*$", "text", "\u0001"],
  ])("means what it means in RE2: %s", (pattern, yes, no) => {
    expect(re2Problem(pattern)).toBeUndefined();
    expect(re2(pattern).test(yes)).toBe(true);
    expect(re2(pattern).test(no)).toBe(false);
  });

  it("takes no longer than the text is, whatever it repeats", () => {
    expect(re2("^(a+)+$").test(`${"a".repeat(100_000)}!`)).toBe(false);
    expect(re2("^(a|aa)*b$").test("a".repeat(100_000))).toBe(false);
  });

  it("finds its first match, and all of them", () => {
    expect(re2("[0-9]+").find("a12b345")).toBe("12");
    expect(re2("[0-9]+").find("none")).toBe("");
    expect(re2("[0-9]+").findAll("a12b345")).toEqual(["12", "345"]);
    expect(re2("a|ab").findAll("abab")).toEqual(["a", "a"]);
  });
});
