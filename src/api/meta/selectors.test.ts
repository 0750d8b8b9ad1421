import { describe, expect, test } from "vitest";
import {
  everything,
  isEmptySelector,
  labelSelectorAsSelector,
  matches,
  matchesFields,
  nothing,
  parseFieldSelector,
  parseSelector,
  requiresExactMatch,
  selectorFromLabels,
  selectorString,
} from "./index.ts";

const badValue =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const badKey =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe("label selectors", () => {
  test.each([
    ["", {}, true],
    ["a=b", { a: "b" }, true],
    ["a=b", { a: "c" }, false],
    ["a=b", undefined, false],
    ["a==b", { a: "b" }, true],
    ["a!=b", {}, true],
    ["a!=b", { a: "b" }, false],
    ["a in (b,c)", { a: "c" }, true],
    ["a in (b,c)", {}, false],
    ["a notin (b)", {}, true],
    ["a notin (b)", { a: "b" }, false],
    ["a", { a: "" }, true],
    ["a", {}, false],
    ["!a", {}, true],
    ["!a", { a: "" }, false],
    ["a>5", { a: "10" }, true],
    ["a>5", { a: "5" }, false],
    ["a<5", { a: "-7" }, true],
    ["a<5", { a: "x" }, false],
    ["a=", { a: "" }, true],
    ["constructor", {}, false],
    [" a = b , c in ( d ) ", { a: "b", c: "d" }, true],
    ["in=notin", { in: "notin" }, true],
    ["x.io/app=web,!old", { "x.io/app": "web" }, true],
  ])("%j on %j: %s", (text, labels, expected) => {
    expect(matches(parseSelector(text), labels)).toBe(expected);
  });

  test.each([
    ["((", "found '(', expected: !, identifier, or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    ["!a=b", "found '=', expected: ',' or 'end of string'"],
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ["a in x", "unable to parse requirement: found 'x' expected: '('"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ["a==(", "unable to parse requirement: found '(', expected: identifier"],
    ["a=$", `unable to parse requirement: values[0][a]: Invalid value: "$": ${badValue}`],
    ["a$=b", `unable to parse requirement: <nil>: Invalid value: "a$": ${badKey}`],
    [
      "a in ()",
      "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    ],
    [
      "a>x",
      `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
  ])("%j is refused", (text, message) => {
    expect(() => parseSelector(text)).toThrow(new Error(message));
  });

  test.each([
    ["b,a", "a,b"],
    ["a==b", "a==b"],
    ["a in (z,b,z)", "a in (b,z)"],
    ["a notin (,b)", "a notin (,b)"],
    ["!a,b>1,c<2,d!=e", "!a,b>1,c<2,d!=e"],
  ])("%j is written %j", (text, canonical) => {
    expect(selectorString(parseSelector(text))).toBe(canonical);
  });

  test("an absent LabelSelector selects nothing, an empty one everything", () => {
    expect(matches(labelSelectorAsSelector(undefined), { a: "b" })).toBe(false);
    expect(labelSelectorAsSelector(null)).toBe(nothing);
    expect(labelSelectorAsSelector({})).toBe(everything);
    expect(isEmptySelector(everything)).toBe(true);
    expect(isEmptySelector(nothing)).toBe(false);
  });

  test("a LabelSelector needs its labels and its expressions", () => {
    const selector = labelSelectorAsSelector({
      matchLabels: { app: "web" },
      matchExpressions: [
        { key: "tier", operator: "In", values: ["b", "a"] },
        { key: "old", operator: "DoesNotExist" },
      ],
    });
    expect(selectorString(selector)).toBe("app=web,!old,tier in (a,b)");
    expect(matches(selector, { app: "web", tier: "a" })).toBe(true);
    expect(matches(selector, { app: "web", tier: "a", old: "" })).toBe(false);
  });

  test("a LabelSelector with an unknown operator or a bad value is refused", () => {
    expect(() => labelSelectorAsSelector({ matchExpressions: [{ key: "a", operator: "Like" }] })).toThrow(
      '"Like" is not a valid label selector operator',
    );
    expect(() => labelSelectorAsSelector({ matchLabels: { app: "a/b" } })).toThrow(
      `values[0][app]: Invalid value: "a/b": ${badValue}`,
    );
  });

  test("a LabelSelector whose expression lacks values is refused with what was said", () => {
    const refusal = "for 'in', 'notin' operators, values set can't be empty";
    const selecting = (values?: string[]) => () =>
      labelSelectorAsSelector({ matchExpressions: [{ key: "a", operator: "NotIn", ...(values && { values }) }] });
    expect(selecting()).toThrow(`values: Invalid value: null: ${refusal}`);
    expect(selecting([])).toThrow(`values: Invalid value: null: ${refusal}`);
  });

  test("labels select objects that have them all", () => {
    expect(selectorString(selectorFromLabels({ b: "2", a: "1" }))).toBe("a=1,b=2");
    expect(matches(selectorFromLabels(undefined), {})).toBe(true);
  });
});

describe("field selectors", () => {
  const valuesOf = (fields: Record<string, string>) => (field: string) => fields[field] ?? "";

  test.each([
    ["", {}, true],
    ["metadata.name=a", { "metadata.name": "a" }, true],
    ["metadata.name==a", { "metadata.name": "b" }, false],
    ["status.phase!=Running", { "status.phase": "Pending" }, true],
    ["status.phase!=Running,spec.nodeName=", { "status.phase": "Pending", "spec.nodeName": "n" }, false],
    ["a=x\\,y\\=z\\\\", { a: "x,y=z\\" }, true],
    ["!=,a=1", { a: "1" }, true],
  ])("%j on %j: %s", (text, fields, expected) => {
    expect(matchesFields(parseFieldSelector(text), valuesOf(fields))).toBe(expected);
  });

  test.each([
    ["a", "invalid selector: 'a'; can't understand 'a'"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61"],
    ["a=\\x", "invalid field selector: invalid escape sequence: \\x"],
    ["a=b\\", "invalid field selector: invalid escape sequence: \\"],
  ])("%j is refused", (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(new Error(message));
  });

  test("tells the value that it demands", () => {
    const selector = parseFieldSelector("metadata.name=a,spec.nodeName!=b");
    expect(requiresExactMatch(selector, "metadata.name")).toBe("a");
    expect(requiresExactMatch(selector, "spec.nodeName")).toBeUndefined();
  });
});
