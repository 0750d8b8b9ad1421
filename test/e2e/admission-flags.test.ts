import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
afterAll(() => box.remove());

test("plugins are chosen by flags and configured by a file", async () => {
  const config = join(box.dir, "admission.yaml");
  writeFileSync(
    config,
    `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: EventRateLimit
  path: events.yaml
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline}
    exemptions: {namespaces: [kube-system]}
`,
  );
  writeFileSync(
    join(box.dir, "events.yaml"),
    `apiVersion: eventratelimit.admission.k8s.io/v1alpha1
kind: Configuration
limits: [{type: Server, qps: 1000, burst: 2000}]
`,
  );
  const flags = ["--enable-admission-plugins", "AlwaysPullImages,EventRateLimit", "--disable-admission-plugins"];
  await box.start(["--ephemeral", ...flags, "ServiceAccount", "--admission-control-config-file", config], "apiserver");
  const run = (name: string, ...more: string[]) => box.kubectl(["run", name, "--image=i", ...more]);
  expect((await run("plain", "--image-pull-policy=Never")).stderr).toBe("");
  const policy = [
    "get",
    "pod",
    "plain",
    "-o",
    "jsonpath={.spec.containers[0].imagePullPolicy}{.spec.serviceAccountName}",
  ];
  expect((await box.kubectl(policy)).stdout).toBe("Always");
  const refused = await run("open", "--privileged");
  expect(refused.stderr).toContain('violates PodSecurity "baseline:latest": privileged');
});

test("names that there are not end the start", async () => {
  const started = (...flags: string[]) =>
    box.sampan(["apiserver", "--ephemeral", "--port", "0", "-o", "json", ...flags]);
  const unknown = await started("--enable-admission-plugins", "Nope");
  expect(unknown).toMatchObject({ code: 1, stderr: 'sampan: enable-admission-plugins plugin "Nope" is unknown\n' });
  const missing = await started("--admission-control-config-file", join(box.dir, "none.yaml"));
  expect(missing.code).toBe(1);
  expect(missing.stderr.trim().split("\n")).toHaveLength(1);
});
