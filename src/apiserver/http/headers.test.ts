import { expect, it } from "vitest";
import { answerHeaders } from "./headers.ts";

const warnings = (...texts: string[]) => answerHeaders("application/json", "id", texts).warning;

it("quotes warnings and tells each once", () => {
  expect(warnings('unknown field "a"', "b\\c", 'unknown field "a"')).toEqual([
    '299 - "unknown field \\"a\\""',
    '299 - "b\\\\c"',
  ]);
});

it("puts nothing into a header that a header cannot hold", () => {
  expect(warnings("a\r\nb")).toEqual(['299 - "a b"']);
  expect(warnings("größe")).toEqual([`299 - "${Buffer.from("größe").toString("latin1")}"`]);
});

it("cuts warnings that are too many", () => {
  const many = warnings(...Array.from({ length: 100 }, (_, i) => `${i} ${"x".repeat(500)}`)) as string[];
  expect(many.length).toBe(16);
  expect(many.every((one) => one.length < 270)).toBe(true);
});
