import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { generate } from "../../../scripts/generate.ts";
import { readSource } from "../../../scripts/generate-source.ts";

const source = fileURLToPath(new URL("../../../../shared/spec", import.meta.url));
const root = new URL("../../../", import.meta.url);

describe.skipIf(!existsSync(source))("generated files (skipped where ../shared is absent)", () => {
  it("are what the generator writes", () => {
    const different: string[] = [];
    for (const [path, content] of generate(readSource(source))) {
      const file = new URL(path, root);
      if (!existsSync(file) || readFileSync(file, "utf8") !== content) different.push(path);
    }
    expect(different).toEqual([]);
  });
});
