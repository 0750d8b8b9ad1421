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
});
