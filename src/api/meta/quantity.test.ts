import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  milliQuantity,
  negateQuantity,
  parseQuantity,
  quantityOf,
  quantitySign,
  quantityToMilli,
  quantityToNumber,
  subQuantity,
  toApproximateFloat,
  tryParseQuantity,
} from "./index.ts";

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

describe("canonical form", () => {
  test.each([
    ["0", "0"],
    ["000", "0"],
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1.5", "1500m"],
    ["100m", "100m"],
    ["1024Ki", "1Mi"],
    ["1.5Gi", "1536Mi"],
    ["-1.5Gi", "-1536Mi"],
    ["512Ki", "512Ki"],
    ["0.5Ki", "512"],
    ["0.0001Ki", "102400u"],
    ["1000000", "1M"],
    ["1000k", "1M"],
    ["1e3", "1e3"],
    ["1e2", "100"],
    ["1E", "1E"],
    ["1000E", "1e21"],
    ["0.1n", "1n"],
    ["8Ei", "9223372036854775807"],
    ["12345678901234567890123", "12345678901234567890123"],
    // the original keeps texts that look canonical to its fast path
    ["1.500", "1.500"],
    ["05", "05"],
    ["+5", "+5"],
    // and takes some that hardly look like numbers
    ["m", "0"],
    [".", "0"],
    [".5", "500m"],
    ["5.", "5."],
  ])("%s is written %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  test("takes JSON numbers", () => {
    expect(canonicalQuantity(2)).toBe("2");
    expect(canonicalQuantity(0.25)).toBe("250m");
  });
});

test.each([
  ["", formatWrong],
  ["seven", formatWrong],
  ["1x", formatWrong],
  ["1.2.3", formatWrong],
  [" 1", formatWrong],
  ["-Ei", "unable to parse numeric part of quantity"],
  ["+e-12", "unable to parse numeric part of quantity"],
  ["--1", "unable to parse quantity's suffix"],
  ["1mm", "unable to parse quantity's suffix"],
  ["1i", "unable to parse quantity's suffix"],
  ["1e", "unable to parse quantity's suffix"],
  ["1e999999999", "unable to parse quantity's suffix"],
])("%j is refused", (text, message) => {
  expect(() => parseQuantity(text)).toThrow(message);
  expect(tryParseQuantity(text)).toBeUndefined();
});

describe("counting", () => {
  test("adds and subtracts exactly, in the format of the first unless it is zero", () => {
    const sum = addQuantity(parseQuantity("1Gi"), parseQuantity("512Mi"));
    expect(formatQuantity(sum)).toBe("1536Mi");
    expect(formatQuantity(addQuantity(parseQuantity("0"), parseQuantity("1Gi")))).toBe("1Gi");
    expect(formatQuantity(subQuantity(parseQuantity("1"), parseQuantity("100m")))).toBe("900m");
    expect(formatQuantity(negateQuantity(parseQuantity("5Gi")))).toBe("-5Gi");
    expect(formatQuantity(quantityOf(2048, "BinarySI"))).toBe("2Ki");
    expect(formatQuantity(milliQuantity(1500))).toBe("1500m");
  });

  test("compares across suffixes", () => {
    expect(compareQuantity(parseQuantity("1Gi"), parseQuantity("1G"))).toBe(1);
    expect(compareQuantity(parseQuantity("1000m"), parseQuantity("1"))).toBe(0);
    expect(quantitySign(parseQuantity("-1n"))).toBe(-1);
  });

  test.each([
    ["1Gi", 1073741824, 1073741824000],
    ["100m", 1, 100],
    ["1500m", 2, 1500],
    ["-1500m", -2, -1500],
    ["1u", 1, 1],
    ["110", 110, 110000],
  ])("%s is %d whole and %d thousandths, rounded away from zero", (text, whole, milli) => {
    expect(quantityToNumber(text)).toBe(whole);
    expect(quantityToMilli(text)).toBe(milli);
  });

  test("gives an approximate float", () => {
    expect(toApproximateFloat(parseQuantity("250m"))).toBe(0.25);
  });
});

test("a canonical text means the same amount, and is its own canonical form once it is printed from a value", () => {
  const suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "e-2"];
  const texts = fc
    .tuple(fc.integer({ min: -9999, max: 9999 }), fc.option(fc.nat(9999)), fc.constantFrom(...suffixes))
    .map(([whole, fraction, suffix]) => `${whole}${fraction === null ? "" : `.${fraction}`}${suffix}`);
  fc.assert(
    fc.property(texts, (text) => {
      const quantity = parseQuantity(text);
      const printed = formatQuantity({ nano: quantity.nano, format: quantity.format });
      expect(parseQuantity(printed).nano).toBe(quantity.nano);
      expect(canonicalQuantity(printed)).toBe(printed);
    }),
  );
});
