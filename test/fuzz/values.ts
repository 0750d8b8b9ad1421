import type { Scalar, Shape } from "../../src/api/schema/index.ts";
import type { Chance } from "./chance.ts";
import { Fields, type Node, Raw } from "./document.ts";

const longText = "x".repeat(70_000);

/** Texts that have broken parsers before. */
export const oddStrings: readonly string[] = [
  "",
  " ",
  "a",
  "A",
  "..",
  ".",
  "-",
  "/",
  "a/b/c",
  "a..b",
  "%2e%2e",
  "\u0000",
  "\n",
  "a\nb\r\n",
  "\ud800",
  "\udfff\ud800",
  "é́",
  "日本語",
  "\u202e",
  "\ufeff",
  "😀",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "true",
  "0",
  "-1",
  "NaN",
  "Infinity",
  "1e400",
  "0x10",
  "$(A)",
  "$(",
  "$".concat("{A}"),
  "{}",
  "[]",
  "[*]",
  "*",
  "(a+)+$",
  "a=b,c in (d)",
  "!a",
  "a in (",
  "=",
  "in",
  "10.0.0.1",
  "10.0.0.0/8",
  "::1",
  "fd00::/8",
  "256.1.1.1",
  "01.02.03.04",
  "::ffff:1.2.3.4",
  "http://[::1",
  "https://a:99999/",
  "kubernetes.io/hostname",
  "metadata.name=a",
  "x".repeat(63),
  "x".repeat(64),
  "x".repeat(254),
  "a.".repeat(200),
  "-".repeat(5000),
  "a".repeat(5000),
  `${"a-".repeat(2500)}!`,
  longText,
];

export const oddNames: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "toJSON",
  "then",
  "length",
  "0",
  "",
  " ",
  ".",
  "f:a",
  "k:{}",
  "$patch",
  "$retainKeys",
  "$setElementOrder/containers",
  "$deleteFromPrimitiveList/finalizers",
  "\ud800",
  "\u0000",
  "a/b",
  "a~1b",
  "n".repeat(3000),
];

const oddNumbers: readonly Node[] = [
  0,
  -0,
  1,
  -1,
  2,
  80,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  new Raw("9223372036854775807"),
  new Raw("9223372036854775808"),
  new Raw("-9223372036854775809"),
  new Raw("1e400"),
  new Raw("-1e400"),
  new Raw("1e-400"),
  new Raw("1.0"),
  0.5,
  1e21,
  new Raw("9".repeat(400)),
];

const quantities: readonly Node[] = [
  "1",
  "100m",
  "1Gi",
  "1.5Gi",
  "-1",
  "0",
  "0.0000000001",
  "1e3",
  "1E",
  "1e",
  "1e99999999",
  "1Ki1",
  "+1",
  ".5",
  "5.",
  "1n",
  "123456789012345678901234567890",
  "9".repeat(2000),
  `0.${"0".repeat(3000)}1`,
  "1 Gi",
  "",
  1,
  -1,
  1.5,
  1e30,
];

const times: readonly Node[] = [
  "2026-01-01T00:00:00Z",
  "2026-01-01T00:00:00.123456Z",
  "2026-01-01T00:00:00.1234567891Z",
  "2026-02-30T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "2026-01-01T00:00:60Z",
  "0000-00-00T00:00:00Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "10000-01-01T00:00:00Z",
  "2026-01-01T00:00:00+23:59",
  "2026-01-01T00:00:00-99:99",
  "2026-01-01",
  "2026-01-01t00:00:00z",
  "",
  0,
];

const plausible: Readonly<Record<Scalar, readonly Node[]>> = {
  string: [
    "a",
    "web",
    "default",
    "v1",
    "Pod",
    "apps/v1",
    "TCP",
    "Always",
    "Never",
    "nginx:1",
    "example.com/a",
    "/tmp/a",
    "In",
    "Exists",
    "ClusterIP",
    "IPv4",
    "10.0.0.1",
    "*",
    "10%",
    "http",
    "ReadWriteOnce",
    "1h",
    "* * * * *",
    "object.a == 1",
    "Etc/UTC",
  ],
  boolean: [true, false],
  int32: [0, 1, 2, 3, 10, 80, 443, 1000],
  int64: [0, 1, 2, 3, 10, 60, 300, 86_400],
  number: [0, 1, 0.5],
  bytes: ["", "YQ==", "AAEC", "YWJj"],
  intOrString: [1, 80, "http", "50%", 0],
  quantity: quantities.slice(0, 6),
  time: times.slice(0, 2),
  microTime: times.slice(0, 3),
  duration: ["1h", "5m0s", "0s", "1h2m3.5s"],
};

const odd: Readonly<Record<Scalar, readonly Node[]>> = {
  string: oddStrings,
  boolean: [true, false, "true", 0],
  int32: oddNumbers,
  int64: oddNumbers,
  number: oddNumbers,
  bytes: ["!", "YQ", "YQ=", "Y\nQ==", "_-8=", "=".repeat(100), longText],
  intOrString: [...oddNumbers, "-1%", "101%", "%", "1.5%", ...oddStrings.slice(0, 12)],
  quantity: quantities,
  time: times,
  microTime: times,
  duration: ["1", "-1h", "1y", "1h1", ".s", "9999999999h", "1e3s", "", ...oddStrings.slice(0, 5)],
};

export function oddScalar(chance: Chance, scalar: Scalar | undefined): Node {
  if (scalar !== undefined && chance.is(0.75)) return chance.pick(odd[scalar]);
  return chance.pick(chance.pick([oddStrings, oddNumbers, quantities, times]));
}

/** A text of the sort that selectors, times, quantities and names are. */
export function oddText(chance: Chance): string {
  const node = oddScalar(chance, undefined);
  return node instanceof Raw ? node.text : String(node);
}

/** Something of this shape, as small as `depth` asks for. */
export function generate(chance: Chance, shape: Shape, depth: number): Node {
  switch (shape.kind) {
    case "object":
      return generateFields(chance, shape, depth);
    case "list": {
      const length = depth <= 0 ? 0 : 1 + chance.integer(2);
      return Array.from({ length }, () => generate(chance, shape.items, depth - 1));
    }
    case "map": {
      const names =
        depth <= 0 ? [] : [chance.is(0.9) ? chance.pick(["a", "cpu", "memory", "app"]) : chance.pick(oddNames)];
      return new Fields(names.map((name) => [name, generate(chance, shape.values, depth - 1)]));
    }
    case "any":
      return chance.pick<Node>([new Fields([]), new Fields([["a", 1]]), [], "a", 1, true, null]);
    case "scalar":
      return chance.is(0.9) ? chance.pick(plausible[shape.scalar]) : chance.pick(odd[shape.scalar]);
  }
}

function generateFields(chance: Chance, shape: Extract<Shape, { kind: "object" }>, depth: number): Fields {
  const pairs: [string, Node][] = [];
  const share = depth <= 0 ? 0 : Math.min(0.6, 4 / (1 + shape.fields.size));
  for (const field of shape.fields.values()) {
    if (field.required ? depth > -3 && chance.is(0.95) : chance.is(share)) {
      pairs.push([field.name, generate(chance, field.shape, depth - 1)]);
    }
  }
  return new Fields(pairs);
}
