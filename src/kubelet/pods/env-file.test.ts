import { expect, test } from "vitest";
import { envFileValue } from "./env-file.ts";

test.each([
  ["a line", "A='1'\nB='2'", "B", "2"],
  ["blanks before the name", "\n  \tA='1'", "A", "1"],
  ["comments", "# A='0'\nA='1' # one", "A", "1"],
  ["what is special elsewhere", `A='$HOME # "x" = \\n'`, "A", `$HOME # "x" = \\n`],
  ["several lines", "A='one\n\n  # two '\nB='3'", "A", "one\n\n  # two "],
  ["an empty value", "A=''", "A", ""],
  ["a variable that is not there", "A='1'", "B", undefined],
])("reads %s", (_, text, name, value) => {
  expect(envFileValue(text, name)).toBe(value);
});

test.each([
  ["A='1'\nnonsense", "at line 2"],
  ["='1'", "invalid environment variable format at line 1"],
  ["A ='1'", "whitespace before '=' is not allowed"],
  ["A=1", "value must be enclosed in single quotes"],
  ['A="1"', "value must be enclosed in single quotes"],
  ["A='1'2", "unexpected content after closing quote"],
  ["A='1", "unexpected end of file"],
])("refuses %j", (text, message) => {
  expect(() => envFileValue(text, "Z")).toThrow(message);
});
