import { describe, expect, it } from "vitest";
import { defaultPullPolicy } from "./image-pull-policy.ts";

describe("defaultPullPolicy", () => {
  it.each([
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["nginx:1", "IfNotPresent"],
    ["example.com:5000/a--b/c__d.e", "Always"],
    ["a_-b", "IfNotPresent"],
    ["nginx@sha256:0123456789abcdef0123456789abcdef", "IfNotPresent"],
    ["NGINX", "IfNotPresent"],
  ])("of %s is %s", (image, policy) => {
    expect(defaultPullPolicy(image)).toBe(policy);
  });

  it("of a long word that is no image takes no time", () => {
    for (const end of ["!", "/!", "_", ":!", "@a:"]) {
      expect(defaultPullPolicy("a".repeat(200) + end)).toBe("IfNotPresent");
      expect(defaultPullPolicy("a-".repeat(50_000) + end)).toBe("IfNotPresent");
    }
  });
});
