import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AdmissionConfigError, readAdmissionConfiguration } from "../../admission/index.ts";
import { webhookCredentials } from "./credentials.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "webhooks-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function configured(users: readonly object[], kubeConfigFile = join(folder, "kubeconfig")) {
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify({ apiVersion: "v1", kind: "Config", users }));
  const configuration = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "WebhookAdmissionConfiguration",
    kubeConfigFile,
  };
  const plugins = [{ name: "ValidatingAdmissionWebhook", configuration }];
  const file = join(folder, "admission.yaml");
  const all = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AdmissionConfiguration", plugins };
  writeFileSync(file, JSON.stringify(all));
  return webhookCredentials((await readAdmissionConfiguration(file)).get("ValidatingAdmissionWebhook"));
}

const user = (name: string) => ({ name, user: { token: name } });

test("a webhook's server is found by its name, with the port where it is not the usual one, or a star", async () => {
  const names = ["hook.default.svc", "hook.default.svc:8443", "*.default.svc", "*"];
  const find = await configured(names.map(user));
  expect(find?.("hook.default.svc", 443)?.token).toBe("hook.default.svc");
  expect(find?.("hook.default.svc", 8443)?.token).toBe("hook.default.svc:8443");
  expect(find?.("other.default.svc", 443)?.token).toBe("*.default.svc");
  expect(find?.("other.default.svc", 8443)?.token).toBe("*");
  expect(find?.("example.com", 443)?.token).toBe("*");
  expect((await configured([user("a.b.svc")]))?.("c.b.svc", 443)).toBeUndefined();
  expect(webhookCredentials(undefined)).toBeUndefined();
});

test("certificates, keys and tokens are in the file or in files that it names", async () => {
  writeFileSync(join(folder, "token"), "secret\n");
  const data = Buffer.from("PEM").toString("base64");
  const find = await configured([
    { name: "*", user: { "client-certificate-data": data, "client-key-data": data, tokenFile: join(folder, "token") } },
  ]);
  expect(find?.("example.com", 443)).toMatchObject({ cert: "PEM", key: "PEM", token: "secret" });
  await expect(configured([{ name: "x", user: { tokenFile: join(folder, "none") } }])).rejects.toThrow(
    AdmissionConfigError,
  );
  await expect(configured([], "kubeconfig")).rejects.toThrow("must be an absolute file path");
});
