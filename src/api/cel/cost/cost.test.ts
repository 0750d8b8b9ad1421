import { describe, expect, it } from "vitest";
import { root } from "../../meta/index.ts";
import {
  CostBudget,
  compileMatchCondition,
  compileSchemaRules,
  ExpressionError,
  expressionLimits,
  OutOfBudgetError,
  RuleCompiler,
  type RuleSchema,
} from "../index.ts";

const string: RuleSchema = { type: "string" };
const integer: RuleSchema = { type: "integer" };
const list = (items: RuleSchema, more: object = {}): RuleSchema => ({ type: "array", items, ...more });
const map = (values: RuleSchema, more: object = {}): RuleSchema => ({
  type: "object",
  additionalProperties: values,
  ...more,
});
const object = (properties: Record<string, RuleSchema>): RuleSchema => ({ type: "object", properties });

/** What an evaluation for a value costs. */
function costOf(schema: RuleSchema, value: unknown, rule: string): number {
  const compiler = new RuleCompiler(schema);
  const { program, error } = compiler.rule(schema, false, rule);
  if (program === undefined) throw new Error(error);
  const budget = new CostBudget(1_000_000);
  program.evaluate({ self: compiler.typeOf(schema, false).convert(value), oldSelf: null }, budget);
  return 1_000_000 - budget.remaining;
}

// The expectations are the original's.
describe("an evaluation costs what it costs in the original", () => {
  const text = "Rook takes it all";
  const values = object({
    int: integer,
    int2: integer,
    text: string,
    bytes: { type: "string", format: "byte" },
    duration: { type: "string", format: "duration" },
    list: list(integer),
    map: map(integer),
    eight: list(integer),
    parts: list(object({ k: string, v: string, v2: string })),
    deep: object({ b: integer, d2: object({ e2: integer }) }),
    either: { "x-kubernetes-int-or-string": true },
  });
  const value = {
    int: 5,
    int2: 5,
    text,
    bytes: "QUI=",
    duration: "1h2m3s4ms",
    list: [1, 2, 3],
    map: { b: 1, d: 2 },
    eight: [1, 1, 2, 2, 3, 3, 4, 5],
    parts: [
      { k: "a1", v: "b1" },
      { k: "a2", v: "b2" },
      { k: "a3", v: "b3", v2: "z" },
    ],
    deep: { b: 1 },
    either: "25%",
  };
  it.each([
    ["self.int == self.int2", 5],
    ["type(self.int) == int", 4],
    ["self.int + 1 == 5 + 1", 5],
    ["double(self.int) < 10.0", 4],
    ["double(5) < 10.0", 1],
    ["self.text.startsWith('Rook')", 4],
    ["!self.text.startsWith('knight')", 5],
    ["size(self.text) == 17", 4],
    ["self.text.charAt(3) == 'k'", 4],
    ["self.text.indexOf('o') == 1", 4],
    ["self.text.matches('^[^0-9]*$')", 8],
    ["self.text.split(' ') == ['Rook', 'takes', 'it', 'all']", 7],
    ["self.text.substring(0, 4) == 'Rook'", 5],
    ["self.bytes == b'AB'", 3],
    ["self.duration == duration('1h2m') + duration('3s4ms')", 4],
    ["self.text in ['Pending', 'Available']", 2],
    ["1 in self.list", 5],
    ["self.list[0] in self.list", 8],
    ["!(0 in self.list)", 6],
    ["self.list + self.list == [1, 2, 3, 1, 2, 3]", 6],
    ["self.list + [4, 5] == [1, 2, 3, 4, 5]", 4],
    ["'b' in self.map", 3],
    ["self.map == {'b': 1, 'd': 2}", 3],
    ["has(self.deep.b)", 2],
    ["!(has(self.deep.d2) && has(self.deep.d2.e2))", 3],
    ["self.map.all(k, self.map[k] > 0)", 17],
    ["self.map.exists_one(k, self.map[k] == 2)", 14],
    ["!self.map.exists_one(k, self.map[k] > 0)", 17],
    ["size(self.map.filter(k, self.map[k] > 1)) == 1", 26],
    ["self.parts.all(m, m.k.startsWith('a'))", 21],
    ["self.parts.all(m, !has(m.v2) || m.v2 == 'z')", 21],
    ["self.parts.exists(m, m.k.endsWith('1'))", 13],
    ["self.parts.exists_one(m, m.k == 'a3')", 15],
    ["!self.parts.all(m, m.k.endsWith('1'))", 18],
    ["!self.parts.exists(m, m.v == 'x')", 25],
    ["self.parts.map(m, m.v).exists(v, v == 'b1')", 55],
    ["self.parts.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1", 25],
    ["self.eight.all(e, e > 0)", 43],
    ["self.eight.exists(e, e > 2)", 36],
    ["self.eight.exists_one(e, e > 4)", 22],
    ["!self.eight.all(e, e < 2)", 21],
    ["!self.eight.exists(e, e < 0)", 52],
    ["size(self.eight.filter(e, e%2 == 0)) == 3", 68],
    ["self.eight.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)", 194],
    ["type(self.either) == int ? self.either == 1 : self.either == '25%'", 7],
    ["self.either == 1 || self.either == '25%'", 6],
    ["self.either == '25%' || self.either == 1", 3],
    ["sets.contains([1, 2], [2]) && sets.intersects(self.list, [5])", 9],
    ["sets.equivalent(self.list, [1])", 9],
    ["self.list.distinct().size() == 3", 33],
    ["self.list.reverse().size() == 3", 18],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3')", 3],
    ["cidr('10.0.0.0/8').containsCIDR('10.0.0.0/16')", 6],
    ["!format.dns1123Label().validate('a.b').hasValue()", 11],
    ["self.int == -3", 3],
    ["[duration('2s'), duration('1s')].max() == duration('2s')", 3],
    ["type(1) == int", 1],
    ["{1: {2: 3}}[1][2] == 3", 4],
    ["[1, 2][?0].value() == 1", 4],
    ["self.parts.map(e, e.k)[0] == 'a1'", 48],
  ])("%s", (rule, cost) => {
    expect(costOf(values, value, rule)).toBe(cost);
  });
});

describe("a rule is estimated to cost what it costs at worst in the original", () => {
  const number: RuleSchema = { type: "number" };
  const worst = (schema: RuleSchema, rule: string) => {
    const compiler = new RuleCompiler(schema);
    const { program, error } = compiler.rule(schema, false, rule);
    if (program === undefined) throw new Error(error);
    return compiler.worstCost(schema, false, program, 1);
  };
  const bounded = (schema: RuleSchema, field: string, max: number) => ({ ...schema, [field]: max });
  it.each<[string, RuleSchema, number, string, number, number]>([
    ["self.all(x, true)", list(number), 4_718_591, "maxItems", 10, 32],
    ["self.all(x, true)", list(string), 3_145_727, "maxItems", 20, 62],
    ["self.all(x, true)", list({ type: "boolean" }), 1_887_437, "maxItems", 5, 17],
    ["self.all(x, true)", list(list(number)), 3_145_727, "maxItems", 100, 302],
    ["self.all(x, true)", map(number), 1_348_169, "maxProperties", 10, 32],
    ["has(self.x)", map(number), 1, "maxProperties", 100, 1],
    ["self.all(x, true)", map(string), 1_179_647, "maxProperties", 3, 11],
    ["self.contains('test')", string, 314_574, "maxLength", 10, 5],
    ["self.startsWith('test')", string, 2, "maxLength", 15, 2],
    ['size(self + "hello") > size("hello")', string, 314_578, "maxLength", 4, 7],
    ["self[1] == 0.0", list(number), 2, "maxItems", 5000, 2],
    ["self[1] == self[1]", list(string), 314_577, "maxItems", 8, 314_577],
    ["self.all(x, self.all(y, self.all(z, true)))", list(number), Number.POSITIVE_INFINITY, "maxItems", 10, 3552],
    ['self.matches("x")', string, 314_574, "maxLength", 50, 22],
    ['"".matches("(((((((((())))))))))[0-9]")', string, 7, "maxLength", 10, 7],
    ["self.all(x, x.contains(self[x]))", map(string), 2_752_507, "maxProperties", 10, 72],
    ['self == "x"', string, 2, "maxLength", 0, 1],
    ["self.all(x, x == 0.0)", list(number), 6_291_454, "maxItems", 6_291_456, 25_165_826],
    ["self.all(x, x.y == 25.2)", list(map(number)), 6_291_452, "maxItems", 12, 74],
    ["self[0].x > 2.0", list(map(number)), 4, "maxItems", 3000, 4],
    ["self.all(x, true)", list({ type: "string", format: "date" }), 725_936, "maxItems", 15, 47],
    ["self.find('[0-9]+') == ''", string, 629_147, "maxLength", 10, 11],
  ])("%s", (rule, schema, unbounded, field, max, cost) => {
    if (Number.isFinite(unbounded)) expect(worst(schema, rule)).toBe(unbounded);
    else expect(worst(schema, rule)).toBeGreaterThan(expressionLimits.ruleCost);
    expect(worst(bounded(schema, field, max), rule)).toBe(cost);
  });
});

describe("budgets", () => {
  const many = Array.from({ length: 700 }, (_, i) => i);
  const squared = "object.many.all(a, object.many.all(b, a + b >= 0))";

  it("end an evaluation that costs too much, whatever else it would make", () => {
    const { program } = compileMatchCondition(`${squared} || true`);
    expect(() => program?.evaluate({ object: { many } })).toThrow(
      new ExpressionError("operation cancelled: actual cost limit exceeded"),
    );
  });

  it("end the evaluations after the one that spent them", () => {
    const { program } = compileMatchCondition("object.many.all(a, a >= 0)");
    const budget = new CostBudget(6000);
    expect(program?.evaluate({ object: { many } }, budget)).toBe(true);
    expect(() => program?.evaluate({ object: { many } }, budget)).toThrow(OutOfBudgetError);
  });

  it("are told of by a definition's rules, and no further rule is looked at", () => {
    const rule = { rule: "self.all(a, self.all(b, a + b >= 0))" };
    const schema = object({ many: { ...list(integer), "x-kubernetes-validations": [rule, { rule: "false" }] } });
    const rules = compileSchemaRules(schema);
    const told = (count: number) =>
      rules?.check({ many: many.slice(0, count) }, undefined, root("")).map(({ detail }) => detail);
    expect(told(700)).toEqual([
      `'operation cancelled: actual cost limit exceeded': call cost exceeds limit for rule: ${rule.rule}`,
      "failed rule: false",
    ]);
    expect(told(100)).toEqual(["failed rule: false"]);
    const searched = { rule: Array.from({ length: 9 }, () => "!self.contains('0123456789')").join(" && ") };
    const all = [...Array.from({ length: 12 }, () => searched), { rule: "false" }];
    const last = compileSchemaRules(object({ text: { ...string, "x-kubernetes-validations": all } }))
      ?.check({ text: "x".repeat(1_000_000) }, undefined, root(""))
      .map(({ detail }) => detail);
    expect(last).toEqual([
      "validation failed due to running out of cost budget, no further validation rules will be run",
    ]);
  });
});
