import { describe, expect, it } from "vitest";
import { CostBudget, compilePolicy, fromCel, RuleCompiler, type RuleSchema, toCel } from "../index.ts";

const object = toCel({
  a: 1,
  b: 2,
  l: [1, 2, 3, 2],
  names: ["b", "a", "c"],
  m: { x: 1, y: "z" },
  s: "hello",
  nested: [
    { k: "a", v: 1 },
    { k: "b", v: 2 },
  ],
});

function compiled(expression: string) {
  const { program, error } = compilePolicy({}, false).variable("x", expression);
  if (program === undefined) throw new Error(error);
  return program;
}

function evaluated(expression: string): readonly [unknown, number, number] {
  const program = compiled(expression);
  const budget = new CostBudget(1_000_000);
  const value = fromCel(program.evaluate({ object }, budget));
  return [value, 1_000_000 - budget.remaining, program.worstCost(() => undefined)];
}

const unknown = 2 ** 64;

// What they cost, and what they are estimated to cost, are the original's.
describe("macros with two variables", () => {
  it.each<[string, unknown, number, number]>([
    ["[1,2,3].all(i, v, v > 0)", true, 16, 26],
    ["[1,2,3].all(i, v, v > 1)", false, 8, 26],
    ["[].all(i, v, v < 2)", true, 1, 11],
    ["[1,2,3].exists(i, v, v == 2)", true, 16, 29],
    ["[1,2,3].exists(i, v, v == 9)", false, 19, 29],
    ["[1,2,3].existsOne(i, v, v == 2)", true, 10, 24],
    ["[1,2,3].exists_one(i, v, v > 1)", false, 12, 24],
    ["[1,2,3].transformList(i, v, i + v)", [1, 3, 5], 46, 66],
    ["[1,2,3].transformList(i, v, v > 1, i + v)", [3, 5], 37, 72],
    ["[1,2,3].transformMap(i, v, i + v)", { 0: 1, 1: 3, 2: 5 }, 19, 59],
    ["[1,2,3].transformMap(i, v, v > 1, i + v)", { 1: 3, 2: 5 }, 19, 65],
    ["[1,2,3].transformMapEntry(i, v, {string(v): i})", { 1: 0, 2: 1, 3: 2 }, 106, 146],
    ["[1,2,3].transformMapEntry(i, v, v > 1, {v: i})", { 2: 1, 3: 2 }, 75, 149],
    ["{'a': 1, 'b': 2}.all(k, v, k != '' && v > 0)", true, 13, 43],
    ["{'a': 1, 'b': 2}.transformMap(k, v, v + 1)", { a: 2, b: 3 }, 11, 71],
    ["object.l.exists(i, v, v == 2 || 1 / (v - 1) > 5)", true, 21, unknown],
    ["object.m.transformList(k, v, k + 'x')", ["xx", "yx"], 31, unknown],
    ["object.l.transformMap(i, v, v) == {0: 1, 1: 2, 2: 3, 3: 2}", true, 20, unknown],
    ["[[1,2],[3]].transformList(i, v, v.transformList(j, w, i * 10 + j + w))", [[1, 3], [13]], 83, 161],
    ["[1,2].transformList(i, v, [1].map(x, x + i + v))", [[2], [4]], 61, 121],
  ])("%s", (expression, value, cost, worst) => {
    expect(evaluated(expression)).toEqual([value, cost, expect.closeTo(worst, -4)]);
  });

  it.each([
    ["object.l.exists(i, v, 1 / (v - 1) > 5)", /division by zero/],
    ["object.l.all(i, v, v)", "no such overload"],
    ["object.s.all(i, v, true)", "unsupported comprehension range type: types.String"],
    ["[1,1].transformMapEntry(i, v, {v: i})", "insert failed: key 1 already exists"],
  ])("%s cannot be evaluated", (expression, message) => {
    expect(() => compiled(expression).evaluate({ object })).toThrow(message);
  });

  it.each([
    ["[1].all(i, i, true)", 12, "duplicate variable name: i"],
    ["[1].all(i.x, v, true)", 10, "argument must be a simple name"],
    ["[1].all(i, v, 1)", 15, "expected type 'bool' but found 'int'"],
    [
      "'x'.all(i, v, true)",
      1,
      "expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    [
      "[1].transformList(i, v, 1, 2)",
      18,
      "found no matching overload for '_?_:_' applied to '(int, list(int), list(int))'",
    ],
    [
      "[1,1].transformMapEntry(i, v, v)",
      24,
      "found no matching overload for 'cel.@mapInsert' applied to '(map(dyn, dyn), int)'",
    ],
    ["[1].all(i, v, zz)", 15, "undeclared reference to 'zz' (in container '')"],
  ])("%s does not compile", (expression, column, message) => {
    expect(() => compiled(expression)).toThrow(`compilation failed: ERROR: <input>:1:${column}: ${message}\n`);
  });

  it("are rules of schemas, which are estimated by what their lists and maps may have", () => {
    const schema: RuleSchema = {
      type: "object",
      additionalProperties: { type: "string", ...{ maxLength: 5 } },
      ...{ maxProperties: 10 },
    };
    const compiler = new RuleCompiler(schema);
    const { program } = compiler.rule(schema, false, "self.all(k, v, v.contains('x'))");
    expect(program?.evaluate({ self: compiler.typeOf(schema, false).convert({ a: "x", b: "y" }), oldSelf: null })).toBe(
      false,
    );
    expect(program && compiler.worstCost(schema, false, program, 1)).toBe(62);
  });
});

describe("optionals", () => {
  it.each<[string, unknown, number, number]>([
    ["optional.of(1).optMap(x, x + 1).value()", 2, 9, 29],
    ["optional.of(1).optMap(x, 5).value()", 5, 5, 27],
    ["optional.none().optMap(x, 5).hasValue()", false, 5, 27],
    ["object.?a.optMap(x, x + 1).orValue(9)", 2, 9, 30],
    ["object.?zz.optMap(x, x + 1).orValue(9)", 9, 4, 30],
    ["optional.of(1).optFlatMap(x, optional.of(x)).value()", 1, 8, 28],
    ["object.?m.optFlatMap(x, x.?y).orValue('n')", "z", 8, 29],
    ["object.?a.optMap(x, object.?b.optMap(y, x + y)).value().value()", 3, 19, unknown / 10],
    ["[?optional.of(1), 2]", [1, 2], 11, 11],
    ["[?optional.none(), 2]", [2], 11, 11],
    ["[ ?optional.of(1) , ? optional.of(2)]", [1, 2], 12, 12],
    ["['?', ?optional.of('[?')]", ["?", "[?"], 11, 11],
    ["[true ? 1 : 2, ?true ? optional.of(3) : optional.none()]", [1, 3], 11, 11],
    ["[?object.?zz].size()", 0, 12, 13],
    ["{?'a': optional.of(1), ?'b': optional.none()}", { a: 1 }, 32, 32],
    ["{'a': [?optional.of(1)], ?'b': optional.of([?optional.of(2)])}", { a: [1], b: [2] }, 53, 53],
    ["object.?m.?zz.orValue(5)", 5, 2, 4],
    ["optional.of(1) == optional.none() || object.?zz != object.?b", true, 7, unknown / 10],
    ["optional.of(1) == optional.of(1)", true, 3, 3],
    ["object.?zz.or(object.?b).value()", 2, 4, 6],
    ["[object.?a, object.?zz].unwrapOpt()", [1], 14, 15],
    ["optional.unwrap([optional.of(1), optional.none()])", [1], 13, 13],
  ])("%s", (expression, value, cost, worst) => {
    expect(evaluated(expression)).toEqual([value, cost, expect.closeTo(worst, -4)]);
  });

  it.each([
    ["optional.of(1).optMap(x.y, x)", 24, "optMap() variable name must be a simple identifier"],
    [
      "optional.of(1).optFlatMap(x, x)",
      26,
      "found no matching overload for '_?_:_' applied to '(bool, int, optional_type(dyn))'",
    ],
    ["[?1]", 3, "expected type 'optional_type(int)' but found 'int'"],
    ["{?'a': 1}", 8, "expected type 'optional_type(int)' but found 'int'"],
    ["size(1, ?2)", 9, "Syntax error: mismatched input '?' expecting"],
  ])("%s does not compile", (expression, column, message) => {
    expect(() => compiled(expression)).toThrow(`compilation failed: ERROR: <input>:1:${column}: ${message}`);
  });
});

describe("lists in an order", () => {
  it.each<[string, unknown, number, number]>([
    ["[3,1,2].sortBy(e, -e)", [3, 2, 1], 74, 104],
    ["['bb','a'].sortBy(e, e.size())", ["a", "bb"], 50, 80],
    ["['bb','a'].sortBy(e, e)", ["a", "bb"], 48, 79],
    ["[].sortBy(e, e)", [], 14, 44],
    ["object.nested.sortBy(e, -e.v).map(e, e.v)", [2, 1], 65, unknown],
    ["object.names.sortBy(e, e)", ["a", "b", "c"], 45, unknown],
    ["object.names.sort()", ["a", "b", "c"], 3, unknown],
    ["[[[1]],[[2],[3]]].flatten(2)", [1, 2, 3], 15, 75],
    ["lists.range(3).reverse().slice(1, 2)", [1], 40, 40],
  ])("%s", (expression, value, cost, worst) => {
    expect(evaluated(expression)).toEqual([value, cost, expect.closeTo(worst, -4)]);
  });

  it.each([
    ["[1,2].sortBy(e.x, e)", 15, "argument is not an identifier"],
    [
      "'a'.sortBy(e, e)",
      1,
      "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
    ],
    [
      "[1,2].sortBy(e, [e])",
      13,
      "found no matching overload for '@sortByAssociatedKeys' applied to 'list(int).(list(list(int)))'",
    ],
  ])("%s does not compile", (expression, column, message) => {
    expect(() => compiled(expression)).toThrow(`compilation failed: ERROR: <input>:1:${column}: ${message}\n`);
  });
});

describe("maps", () => {
  it.each<[string, unknown]>([
    ["{1: 2}.all(k, k == 1)", true],
    ["{1: {2: 3}}[1][2]", 3],
    ["{true: 'x'}[true]", "x"],
    ["1 in {1: 2} && !(2 in {1: 2})", true],
    ["object.m.transformMap(k, v, v) == object.m", true],
  ])("keep keys that are no texts: %s", (expression, value) => {
    expect(evaluated(expression)[0]).toEqual(value);
  });
});

describe("texts", () => {
  it.each<[string, unknown]>([
    ["'ABCxyzÄÖé'.lowerAscii()", "abcxyzÄÖé"],
    ["'ABCxyzÄÖéß'.upperAscii()", "ABCXYZÄÖéß"],
    ["'aé😀'.split('')", ["a", "é", "😀"]],
    ["'aé😀'.split('', 2)", ["a", "é😀"]],
    ["'aé😀'.split('', 0)", []],
    ["'aé😀'.split('', 9)", ["a", "é", "😀"]],
    ["string(-0.0) + ' ' + string(1e-5) + ' ' + string(0.0001) + ' ' + string(1e21)", "-0 1e-05 0.0001 1e+21"],
    ["duration('0') == duration('0s')", true],
    ["'hello'.indexOf('o', 11)", -1],
    ["'aé😀'.lastIndexOf('')", 3],
  ])("are the original's: %s", (expression, value) => {
    expect(evaluated(expression)[0]).toEqual(value);
  });
});
