import { describe, expect, it } from "vitest";
import { errorMessage, type FieldError, root } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { checkSchemaRules } from "./schema-rules.ts";

/** A schema as it is written. */
type Written = object;

function problems(schema: Written): string[] {
  const out: FieldError[] = [];
  checkSchemaRules(schema as JSONSchemaProps, root("schema"), out);
  return out.map(errorMessage);
}

const advice =
  "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
const text = (maxLength?: number): Written => ({ type: "string", ...(maxLength && { maxLength }) });

describe("what rules cost at worst", () => {
  const squared = { rule: "self.all(a, self.all(b, a == b || a.contains(b)))" };
  const names = (more: object, items = text()): Written => ({
    type: "object",
    properties: { names: { type: "array", items, "x-kubernetes-validations": [squared], ...more } },
  });

  it("is refused above the limit of one rule, unless bounds keep it below", () => {
    const at = "schema.properties[names].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost";
    expect(problems(names({}))).toContain(`${at} exceeds budget by factor of more than 100x ${advice}`);
    expect(problems(names({ maxItems: 400 }, text(50)))).toContain(`${at} exceeds budget by factor of 6.8x ${advice}`);
    expect(problems(names({ maxItems: 10 }, text(50)))).toEqual([]);
  });

  it("counts for every value that lists and maps around the rule allow", () => {
    const rule = { rule: "self.contains('needle')" };
    const parts = (more: object): Written => ({
      type: "object",
      properties: {
        parts: {
          type: "array",
          items: { type: "object", properties: { name: { ...text(10_000), "x-kubernetes-validations": [rule] } } },
          ...more,
        },
      },
    });
    const at = "schema.properties[parts].items.properties[name].x-kubernetes-validations[0].rule: Forbidden:";
    expect(problems(parts({}))).toContain(
      `${at} estimated rule cost exceeds budget by factor of more than 100x ${advice}`,
    );
    expect(problems(parts({ maxItems: 100 }))).toEqual([]);
  });

  it("is refused above the limit of all rules of a schema, with those that cost most", () => {
    const rule = { rule: "self.all(a, a.contains('x'))" };
    const properties: Record<string, Written> = {};
    for (let i = 0; i < 12; i++) {
      const items = text(10_000);
      properties[`p${i}`] = { type: "array", maxItems: 2400, items, "x-kubernetes-validations": [rule] };
    }
    const told = problems({ type: "object", properties });
    const contributes = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    expect(told.filter((each) => each.endsWith(`rule: Forbidden: ${contributes}`))).toHaveLength(4);
    const total = "schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    expect(told.at(-1)).toBe(`${total} exceeds budget by factor of 1.153152x ${advice}`);
    expect(told).toHaveLength(5);
  });
});
