import { describe, expect, it } from "vitest";
import { errorMessage, root } from "../meta/index.ts";
import { compileSchemaRules, RuleCompiler, type RuleSchema } from "./index.ts";

const schema: RuleSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      "x-kubernetes-validations": [
        { rule: "self.min <= self.max", messageExpression: "'%d is above %d'.format([self.min, self.max])" },
        { rule: "self.min == oldSelf.min", message: "min cannot change", fieldPath: ".min" },
        { rule: "!has(self.at) || self.at.getFullYear() > 2000" },
        { rule: "self.__namespace__ != 'x'", reason: "FieldValueForbidden", message: "not there" },
      ],
      properties: {
        min: { type: "integer" },
        max: { type: "integer" },
        at: { type: "string", format: "date-time" },
        namespace: { type: "string" },
        port: { "x-kubernetes-int-or-string": true },
        parts: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: {
            type: "object",
            "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "parts stay" }],
            properties: { name: { type: "string" }, size: { type: "integer" } },
          },
        },
        labels: { type: "object", additionalProperties: { type: "string" } },
      },
    },
  },
};

describe("rules of schemas", () => {
  const rules = compileSchemaRules(schema);
  const problems = (spec: object, old?: object) =>
    rules?.check({ spec }, old && { spec: old }, root("")).map((error) => errorMessage(error).replace(/^\./, ""));
  const good = { min: 1, max: 2, namespace: "a" };

  it("hold for what keeps them", () => {
    expect(problems(good)).toEqual([]);
    expect(problems({ ...good, max: 3 }, good)).toEqual([]);
  });

  it("tell what is broken", () => {
    expect(problems({ ...good, min: 3 })).toEqual(['spec: Invalid value: "object": 3 is above 2']);
    expect(problems({ ...good, namespace: "x" })).toEqual(["spec: Forbidden: not there"]);
    expect(problems({ ...good, at: "1999-01-01T00:00:00Z" })?.[0]).toContain("failed rule: !has(self.at)");
    expect(problems({ min: 1, namespace: "a" })).toEqual([
      'spec: Invalid value: "object": no such key: max evaluating rule: self.min <= self.max',
    ]);
  });

  it("compare with the old value, item by item in lists with keys", () => {
    expect(problems({ ...good, min: 2 }, good)).toEqual(['spec.min: Invalid value: "object": min cannot change']);
    const part = (size: number) => ({ ...good, parts: [{ name: "a", size }] });
    expect(problems(part(1), part(1))).toEqual([]);
    expect(problems(part(2), part(1))).toEqual(['spec.parts[0]: Invalid value: "object": parts stay']);
    expect(problems(part(2), good)).toEqual([]);
  });

  it("are compiled by the types of the schema", () => {
    const compiler = new RuleCompiler(schema);
    const compile = (rule: string) => compiler.rule(schema, true, rule).error;
    expect(compile("self.spec.min > 0 && self.metadata.name != ''")).toBeUndefined();
    expect(compile("self.spec.missing > 0")).toContain("ERROR: <input>:1:10: undefined field 'missing'");
    expect(compile("self.spec.min > 'a'")).toContain("no matching overload for '_>_' applied to '(int, string)'");
    expect(compile("self.spec.labels.all(k, k != '') && self.spec.port == 1")).toBeUndefined();
    expect(compile("self.spec.min")).toBe("rule must evaluate to a bool");
    expect(compiler.message(schema, true, "self.spec.min").error).toBe(
      "messageExpression must evaluate to a string, not int",
    );
  });

  it("bear with what is as it was, but not where they look at the old value", () => {
    const kept: RuleSchema = {
      type: "object",
      properties: {
        n: {
          type: "integer",
          "x-kubernetes-validations": [
            { rule: "self < 5", message: "too big" },
            { rule: "oldSelf == self && self < 5", message: "too big for long" },
          ],
        },
      },
    };
    const found = (old: object | undefined, value: object) =>
      compileSchemaRules(kept)
        ?.check(value, old, root(""))
        .map(({ detail }) => detail);
    expect(found(undefined, { n: 9 })).toEqual(["too big"]);
    expect(found({ n: 9 }, { n: 9 })).toEqual(["too big for long"]);
    expect(found({ n: 8 }, { n: 9 })).toEqual(["too big", "too big for long"]);
  });

  it("may ask whether there is an old value at all", () => {
    const rule = "oldSelf.hasValue() ? self >= oldSelf.value() : self == 0";
    const optional: RuleSchema = {
      type: "object",
      properties: {
        n: { type: "integer", "x-kubernetes-validations": [{ rule, message: "grows from 0", optionalOldSelf: true }] },
      },
    };
    const isFine = (old: object | undefined, value: object) =>
      compileSchemaRules(optional)?.check(value, old, root("")).length === 0;
    expect([isFine(undefined, { n: 0 }), isFine(undefined, { n: 1 })]).toEqual([true, false]);
    expect([isFine({ n: 1 }, { n: 2 }), isFine({ n: 2 }, { n: 1 })]).toEqual([true, false]);
  });
});
