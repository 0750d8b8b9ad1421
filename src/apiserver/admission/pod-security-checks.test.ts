import { describe, expect, it } from "vitest";
import { violations } from "./pod-security-checks.ts";

describe("the pod security standards", () => {
  it("an ordinary pod keeps to baseline, and lacks four things of restricted", () => {
    const spec = { containers: [{ name: "c" }] };
    expect(violations("baseline", spec)).toBe("");
    expect(violations("restricted", spec)).toBe(
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  it("baseline refuses what reaches the host", () => {
    const spec = {
      hostNetwork: true,
      volumes: [{ name: "v", hostPath: { path: "/" } }],
      containers: [
        { name: "a", securityContext: { privileged: true } },
        { name: "b", ports: [{ hostPort: 80 }] },
      ],
    };
    expect(violations("baseline", spec)).toBe(
      'host namespaces (hostNetwork=true), hostPath volumes (volume "v"), hostPort (container "b" uses hostPort 80), ' +
        'privileged (container "a" must not set securityContext.privileged=true)',
    );
    expect(violations("privileged", spec)).toBe("");
  });
});
