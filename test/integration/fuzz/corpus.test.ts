import { expect, it } from "vitest";
import { fuzz } from "../../fuzz/fuzz.ts";

const cases = 3000;

it(`${cases} cases of bad input break nothing`, { timeout: 120_000 }, async () => {
  const report = await fuzz({ cases, seed: "corpus", failuresMost: 5 });
  expect(report.failures.map(({ text }) => text)).toEqual([]);
  // Most of what is tried gets past the parsers, or the fuzz would test nothing else.
  expect(report.codes.get(200) ?? 0).toBeGreaterThan(cases / 4);
  expect(report.codes.get(422) ?? 0).toBeGreaterThan(cases / 4);
});
