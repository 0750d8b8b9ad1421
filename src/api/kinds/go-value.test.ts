import { describe, expect, it } from "vitest";
import { goValue } from "./go-value.ts";

describe("values in messages", () => {
  it("have every field under its Go name, whether set or not", () => {
    const roleRef = goValue({ kind: "Role", name: "r" }, "io.k8s.api.rbac.v1.RoleRef");
    expect(JSON.stringify(roleRef)).toBe('{"APIGroup":"","Kind":"Role","Name":"r"}');
  });

  it("are null where there is none", () => {
    expect(goValue(undefined, "io.k8s.api.rbac.v1.RoleRef")).toBeNull();
  });

  it("hold what a pod shares with its host in its security context, as the original's internal form does", () => {
    const template = { metadata: { labels: { a: "b" } }, spec: { hostNetwork: true, containers: [] } };
    const shown = goValue(template, "io.k8s.api.core.v1.PodTemplateSpec");
    expect(shown).toMatchObject({
      labels: { a: "b" },
      Spec: { SecurityContext: { HostNetwork: true, RunAsUser: null } },
    });
    expect(shown).not.toHaveProperty("Spec.HostNetwork");
  });
});
