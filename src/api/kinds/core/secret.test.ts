import { expect, test } from "vitest";
import type { KubeObject } from "../../meta/index.ts";
import { secretStrategy } from "./secret.ts";

test("text under any key becomes data, also under the name of what all objects inherit", () => {
  const secret: KubeObject = JSON.parse(
    '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"YQ=="},"stringData":{"__proto__":"x"}}',
  );
  secretStrategy.applyDefaults?.(secret);
  expect(JSON.stringify(secret)).toContain('"data":{"a":"YQ==","__proto__":"eA=="}');
});
