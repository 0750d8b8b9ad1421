import { describe, expect, it } from "vitest";
import { MalformedDocument, parseJson, parseYaml } from "./index.ts";

const parse = (text: string) => parseJson(Buffer.from(text), { findDuplicates: true });
const problem = (text: string) => {
  try {
    parse(text);
  } catch (err) {
    if (err instanceof MalformedDocument) return err.message;
    throw err;
  }
  return "accepted";
};

describe("parseJson", () => {
  it("gives values", () => {
    expect(parse('{"a":[1,"x",null,true]}')).toEqual({ value: { a: [1, "x", null, true] }, duplicates: [] });
  });

  it("names fields that occur twice, once each", () => {
    const text = '{"a":1,"spec":{"ports":[{"x":1},{"p:ort":1,"p:ort":2,"p:ort":3}],"b\\"":1,"b\\"":2},"a":2}';
    expect(parse(text).duplicates).toEqual([
      'duplicate field "spec.ports[1].p:ort"',
      'duplicate field "spec.b""',
      'duplicate field "a"',
    ]);
    expect(parse('{"a":{"a":"a:a"},"b":{"a":"\\\\"}}').duplicates).toEqual([]);
  });

  it("names unknown fields among those that occur twice, in the document's order, and passes over what they hold", () => {
    const text = '{"odd":{"x":1,"x":2},"spec":{"new":1,"a":1,"a":2,"new":2,"b":[{"c":1,"d":1,"c":2}]}}';
    expect(parse(text).problems?.(new Set(["odd", "spec.new", "spec.b[0].d"]))).toEqual([
      'unknown field "odd"',
      'unknown field "spec.new"',
      'duplicate field "spec.a"',
      'unknown field "spec.b[0].d"',
      'duplicate field "spec.b[0].c"',
    ]);
  });

  it("refuses numbers that are too large to be written again", () => {
    const refused = (number: string) => `json: cannot unmarshal number ${number} into Go value of type float64`;
    expect(problem('{"a":[1,-1e400]}')).toBe(refused("-1e400"));
    expect(problem('{"a":2.5E+0999}')).toBe(refused("2.5E+0999"));
    expect(problem(`{"a":${"9".repeat(400)}}`)).toBe(refused("9".repeat(400)));
    expect(problem('{"1e999":"-1e999","a":1e-999,"b":1e0300}')).toBe("accepted");
  });

  it("says as Go does what is wrong", () => {
    expect(problem('{"kind": oops')).toBe("invalid character 'o' looking for beginning of value");
    expect(problem('{"a"')).toBe("unexpected end of JSON input");
    expect(problem("")).toBe("unexpected end of JSON input");
    expect(problem("{a:1}")).toBe("invalid character 'a' looking for beginning of object key string");
    expect(problem('{"a" 1}')).toBe("invalid character '1' after object key");
    expect(problem('{"a":1 "b":2}')).toBe("invalid character '\"' after object key:value pair");
    expect(problem("[1 2]")).toBe("invalid character '2' after array element");
    expect(problem("{} x")).toBe("invalid character 'x' after top-level value");
    expect(problem("[nul]")).toBe("invalid character ']' in literal null (expecting 'l')");
    expect(problem("[1.x]")).toBe("invalid character 'x' after decimal point in numeric literal");
    expect(problem('"\n"')).toBe("invalid character '\\n' in string literal");
    expect(problem('"\\q"')).toBe("invalid character 'q' in string escape code");
    expect(problem("\ufeff{}")).toBe("invalid character 'ï' looking for beginning of value");
  });

  it("refuses what nests without end", () => {
    expect(problem("[".repeat(100_000))).toBe("exceeded max depth");
    expect(problem('{"a":'.repeat(20_000) + "}".repeat(20_000))).toBe("exceeded max depth");
    expect(parse(JSON.stringify({ a: "[".repeat(20_000) })).duplicates).toEqual([]);
  });
});

describe("parseYaml", () => {
  it("reads YAML 1.1 as Kubernetes does", async () => {
    const text = "a: yes\nb: 2020-01-01\nc: 1:30\nd: 0644\ne: {1: x}\nf: &x {k: v}\ng:\n  <<: *x\n---\nsecond: 1\n";
    expect((await parseYaml(text)).value).toEqual({
      a: true,
      b: "2020-01-01",
      c: "1:30",
      d: 420,
      e: { "1": "x" },
      f: { k: "v" },
      g: { k: "v" },
    });
  });

  it("names keys that occur twice", async () => {
    expect((await parseYaml("a: 1\nb:\n  c: 1\n  c: 2\n")).duplicates).toEqual([
      'yaml: unmarshal errors:\n  line 4: key "c" already set in map',
    ]);
  });

  it("refuses broken text, alias bombs and endless nesting", async () => {
    await expect(parseYaml("a: [unclosed")).rejects.toThrow("error converting YAML to JSON: yaml: line 1: ");
    const bomb = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
    for (let i = 1; i < 9; i++)
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(",")}]`,
      );
    await expect(parseYaml(bomb.join("\n"))).rejects.toThrow("document contains excessive aliasing");
    await expect(parseYaml("[".repeat(100_000))).rejects.toThrow("exceeded max depth");
    await expect(parseYaml("- ".repeat(100_000))).rejects.toThrow(MalformedDocument);
  });
});

it("YAML's numbers without a value have no JSON", async () => {
  for (const [text, value] of [
    ["a: [.inf]", "+Inf"],
    ["a: -1e400", "-Inf"],
    ["a: {b: .NaN}", "NaN"],
  ] as const) {
    await expect(parseYaml(text)).rejects.toThrow(`error converting YAML to JSON: json: unsupported value: ${value}`);
  }
});
