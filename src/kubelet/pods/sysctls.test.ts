import { expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { dottedSysctl, sysctlPatternProblem, sysctlProblem } from "./sysctls.ts";

const podWith = (spec: object): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec }) as Pod;
const wanting = (name: string, spec: object = {}) =>
  podWith({ securityContext: { sysctls: [{ name, value: "1" }] }, ...spec });

test("a pod may change what is its own alone", () => {
  expect(sysctlProblem(podWith({}))).toBeUndefined();
  expect(sysctlProblem(wanting("kernel.shm_rmid_forced"))).toBeUndefined();
  expect(sysctlProblem(wanting("net/ipv4/tcp_syncookies"))).toBeUndefined();
});

test("what weighs on the machine is refused, unless the node allows it", () => {
  const pod = wanting("kernel.msgmax");
  expect(sysctlProblem(pod)).toBe('forbidden sysctl: "kernel.msgmax" not allowlisted');
  expect(sysctlProblem(pod, ["kernel.msg*"])).toBeUndefined();
  expect(sysctlProblem(pod, ["kernel.msgmax"])).toBeUndefined();
  expect(sysctlProblem(pod, ["kernel.msgmnb"])).toContain("not allowlisted");
});

test("a pod in the machine's namespace may not change it", () => {
  expect(sysctlProblem(wanting("kernel.shm_rmid_forced", { hostIPC: true }))).toBe(
    'forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host IPC enabled',
  );
  expect(sysctlProblem(wanting("net.ipv4.tcp_syncookies", { hostNetwork: true }))).toBe(
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
  );
});

test("only what each pod has for itself can be allowed", () => {
  expect(sysctlPatternProblem("net.core.*")).toBeUndefined();
  expect(sysctlPatternProblem("kernel.sem")).toBeUndefined();
  expect(sysctlPatternProblem("vm.swappiness")).toBe('the sysctls "vm.swappiness" are not known to be namespaced');
});

test("a name with slashes is the one with dots, whose dots are slashes", () => {
  expect(dottedSysctl("net/ipv4/conf/eth0.1/forwarding")).toBe("net.ipv4.conf.eth0/1.forwarding");
  expect(dottedSysctl("net.ipv4.conf.eth0/1.forwarding")).toBe("net.ipv4.conf.eth0/1.forwarding");
});
