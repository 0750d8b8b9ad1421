import { describe, expect, it } from "vitest";
import { compilePolicy, PolicyTypeChecker } from "../index.ts";

function mistake(expression: string): string | undefined {
  return compilePolicy({}, false).variable("x", expression).error;
}

// The places and the words are the original's.
describe("what is refused when it is written", () => {
  it.each([
    ["'x'.matches('[')", 13, "invalid matches argument"],
    ["matches('x', '[')", 14, "invalid matches argument"],
    ["duration('1d')", 10, "invalid duration argument"],
    ["timestamp('2026-02-30T00:00:00Z')", 11, "invalid timestamp argument"],
    ["[1,'a'].exists(x, x == 'a')", 4, "expected type 'int' but found 'string'"],
    ["{1: 'x', 'b': 'y'}", 10, "expected type 'int' but found 'string'"],
    ["[?optional.of('a'), 1]", 21, "expected type 'string' but found 'int'"],
    ["[1, object.a.b]", 13, "expected type 'int' but found 'dyn'"],
    ["[?object.?a, 2]", 14, "expected type 'dyn' but found 'int'"],
    ["1 == null", 3, "found no matching overload for '_==_' applied to '(int, null)'"],
    ["9223372036854775808", 1, "invalid int literal"],
    ["['b','a'].sum()", 14, "found no matching overload for 'sum' applied to 'list(string).()'"],
    ["[[1],[2]].sort()", 15, "found no matching overload for 'sort' applied to 'list(list(int)).()'"],
    ["[1,2,3].flatten()", 16, "found no matching overload for 'flatten' applied to 'list(int).()'"],
    ["[duration('2s')].flatten()", 25, "found no matching overload for 'flatten' applied to 'list(duration).()'"],
    ["[1].join('-')", 9, "found no matching overload for 'join' applied to 'list(int).(string)'"],
    ["quantity('1').sign()", 19, "found no matching overload for 'sign' applied to 'kubernetes.Quantity.()'"],
    [
      "sets.contains([1,2], ['b'])",
      14,
      "found no matching overload for 'sets.contains' applied to '(list(int), list(string))'",
    ],
    ["'%s'.format([])", 12, "index 0 out of range"],
    ["'%s'.format(['a', 2])", 12, "too many arguments supplied to string.format (expected 1, got 2)"],
    ["'%y'.format([1])", 12, `could not parse formatting clause: unrecognized formatting clause "y"`],
    ["'%'.format([1])", 11, "unexpected end of string"],
    [
      "'%d'.format([duration('1h')])",
      22,
      "error during formatting: decimal clause can only be used on integers, was given google.protobuf.Duration",
    ],
    [
      "'%.2f'.format([[1,'a']])",
      16,
      "error during formatting: fixed-point clause can only be used on doubles, was given list",
    ],
  ])("%s", (expression, column, message) => {
    const mark = ` | ${expression}\n | ${".".repeat(column - 1)}^`;
    expect(mistake(expression)).toBe(`compilation failed: ERROR: <input>:1:${column}: ${message}\n${mark}`);
  });

  it("names all literals that differ", () => {
    expect(mistake("{1: 'x', 'b': 2}")?.match(/:\d+: .*/g)).toEqual([
      ":10: expected type 'int' but found 'string'",
      ":15: expected type 'string' but found 'int'",
    ]);
  });

  it.each([
    ["int('x')", "type conversion error from 'string' to 'int'"],
    ["object.a == int('9223372036854775808')", "type conversion error from 'string' to 'int'"],
    ["'x'.find('(')", "error parsing regexp: missing closing ): `(`"],
    ["int(1e20)", "integer overflow"],
    ["uint(-1)", "unsigned integer overflow"],
    ["double('x')", "type conversion error from 'string' to 'double'"],
    ["bool('yes')", "type conversion error from 'string' to 'bool'"],
    ["string(b'\\xff')", "invalid UTF-8 in bytes, cannot convert to string"],
  ])("%s, which cannot be converted once", (expression, message) => {
    expect(mistake(expression)).toBe(`program instantiation failed: ${message}`);
    const types = new PolicyTypeChecker({ object: { type: "object", properties: { a: { type: "integer" } } } });
    expect(types.check(expression)).toBeUndefined();
  });

  it.each([
    "'%s %d'.format(['a', 2])",
    "'%d %.1f%%'.format([object.a, object.b])",
    "[object.a, object.b.c]",
    "[namespaceObject.metadata.name, 'a']",
    "[[], [1]]",
    "{'a': object.a, 'b': object.?b}",
    "-9223372036854775808",
    "duration('1h30m') < duration('-1.5s') || duration(object.a) < duration('0')",
    "timestamp('2026-02-28T23:59:59.5+02:00') == timestamp(object.a)",
    "[dyn(1), dyn('a')].sum() == 1 || object.l.sum() == 2 || [].sum() == 0",
    "[[1], [2]].flatten() == object.l.flatten()",
    "int('-5') + int('+5') == 0 && double('1e3') == 1000.0 && bool('t') && uint('5') == 5u",
  ])("does not hold for %s", (expression) => {
    expect(mistake(expression)).toBeUndefined();
  });
});
