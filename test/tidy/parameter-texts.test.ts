import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readParameterTexts } from "../../scripts/parameter-texts.ts";

const typings = new URL("../../node_modules/@kubernetes/client-node/dist/gen/apis/CoreV1Api.d.ts", import.meta.url);

it("reads what parameters mean for each sort of request", () => {
  const texts = readParameterTexts(readFileSync(typings, "utf8"));
  expect(texts.list?.labelSelector).toContain("list of returned objects by their labels");
  expect(texts.list?.watch).toContain("Watch for changes to the described resources");
  expect(texts.list?.continue).toBeDefined();
  expect(texts.get?.pretty).toMatch(/^If 'true', then/);
  expect(texts["pods/exec"]?.command).toBeDefined();
  expect(texts.patch?.fieldManager).not.toBe(texts.create?.fieldManager);
});
