import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testHost } from "../host/index.ts";
import { loadOrCreatePki } from "./pki.ts";

const day = 86_400_000;
const options = { bindAddress: "127.0.0.1", serviceIP: "10.96.0.1" };
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sampan-pki-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("the serving certificate covers loopback, the bind address, the service names and the first service IP", async () => {
  const pki = await loadOrCreatePki(testHost(), undefined, { ...options, bindAddress: "192.0.2.7" });
  const cert = new X509Certificate(pki.apiserver.cert);
  for (const ip of ["127.0.0.1", "::1", "192.0.2.7", "10.96.0.1"]) expect(cert.checkIP(ip), ip).toBeDefined();
  for (const name of ["localhost", "kubernetes.default.svc"]) expect(cert.checkHost(name), name).toBeDefined();
  expect(cert.checkIssued(new X509Certificate(pki.ca.cert))).toBe(true);
  expect(cert.verify(new X509Certificate(pki.ca.cert).publicKey)).toBe(true);
});

test("the administrator's certificate is in system:masters", async () => {
  const pki = await loadOrCreatePki(testHost(), undefined, options);
  expect(new X509Certificate(pki.admin.cert).subject).toBe("O=system:masters\nCN=admin");
});

test("a second start uses the same keys; key files are private", async () => {
  const host = testHost();
  const first = await loadOrCreatePki(host, dir, options);
  expect(await loadOrCreatePki(host, dir, options)).toEqual(first);
  for (const key of ["ca.key", "apiserver.key", "admin.key", "sa.key"]) {
    expect(statSync(join(dir, key)).mode & 0o777, key).toBe(0o600);
  }
});

test("a new bind address renews the serving certificate alone", async () => {
  const host = testHost();
  const first = await loadOrCreatePki(host, dir, options);
  const second = await loadOrCreatePki(host, dir, { ...options, bindAddress: "192.0.2.9" });
  expect(second.ca).toEqual(first.ca);
  expect(second.serviceAccount).toEqual(first.serviceAccount);
  expect(second.admin).toEqual(first.admin);
  expect(new X509Certificate(second.apiserver.cert).checkIP("192.0.2.9")).toBeDefined();
  expect(readFileSync(join(dir, "apiserver.crt"), "utf8")).toBe(second.apiserver.cert);
});

test("certificates about to expire are renewed under the same authority", async () => {
  const host = testHost();
  const first = await loadOrCreatePki(host, dir, options);
  await host.clock.advance(340 * day);
  const second = await loadOrCreatePki(host, dir, options);
  expect(second.ca).toEqual(first.ca);
  expect(second.apiserver.cert).not.toBe(first.apiserver.cert);
  expect(second.admin.cert).not.toBe(first.admin.cert);
});
