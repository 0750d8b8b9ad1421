import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { flagNamesOfUp, readKubeletConfig } from "./kubelet-config.ts";
import { addKubeletFlags, type KubeletFlags } from "./machine-options.ts";
import { machineSettings } from "./machine-settings.ts";
import { addNodeFlags, addServerFlags } from "./options.ts";
import { CommandError } from "./surroundings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubelet-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

/** What the command line and a file amount to. */
function flagsOf(file: string, ...args: readonly string[]): KubeletFlags {
  const path = join(folder, "config.yaml");
  writeFileSync(path, file);
  const command = addKubeletFlags(new Command()).exitOverride();
  command.parse(["--kubeconfig", "k", ...args], { from: "user" });
  readKubeletConfig(command, path);
  return command.opts();
}

test("fields are what their flags would be, and are checked as these are", () => {
  const file = `${head}
maxPods: 50
podPidsLimit: -1
clusterDNS: [10.96.0.10]
serializeImagePulls: false
runtimeRequestTimeout: 30s
containerLogMaxSize: 1Mi
kubeReserved: { cpu: 100m, memory: 1Gi }
evictionHard: { memory.available: 200Mi, nodefs.available: 5% }
authentication: { anonymous: { enabled: true } }
registerWithTaints: [{ key: a, value: b, effect: NoSchedule }]
userNamespaces: { idsPerPod: 131072 }
`;
  expect(flagsOf(file)).toMatchObject({
    maxPods: 50,
    podMaxPids: -1,
    clusterDns: ["10.96.0.10"],
    serializeImagePulls: false,
    runtimeRequestTimeout: 30_000,
    containerLogMaxSize: 1024 * 1024,
    kubeReserved: { cpu: "100m", memory: "1Gi" },
    evictionHard: "memory.available<200Mi,nodefs.available<5%",
    anonymousAuth: true,
    registerWithTaints: "a=b:NoSchedule",
    userNamespaceIdsPerPod: 131_072,
  });
});

test("what the command line says counts more", () => {
  expect(flagsOf(`${head}maxPods: 50\nclusterDomain: file\n`, "--max-pods", "20")).toMatchObject({
    maxPods: 20,
    clusterDomain: "file",
  });
});

test("times of a shutdown become groups of pods", () => {
  const file = `${head}shutdownGracePeriod: 30s\nshutdownGracePeriodCriticalPods: 10s\n`;
  expect(machineSettings(flagsOf(file)).shutdown).toEqual({
    periods: [
      { priority: 0, shutdownGracePeriodSeconds: 20 },
      { priority: 2_000_000_000, shutdownGracePeriodSeconds: 10 },
    ],
  });
  const list = `${head}shutdownGracePeriodByPodPriority: [{ priority: 5, shutdownGracePeriodSeconds: 7 }]\n`;
  expect(machineSettings(flagsOf(list)).shutdown?.periods).toEqual([{ priority: 5, shutdownGracePeriodSeconds: 7 }]);
  expect(machineSettings(flagsOf(head)).shutdown).toBeUndefined();
});

/** As kubeadm writes it. */
const ofKubeadm = `${head}
authentication:
  anonymous: { enabled: false }
  webhook: { cacheTTL: 0s, enabled: true }
  x509: { clientCAFile: /etc/kubernetes/pki/ca.crt }
authorization:
  mode: Webhook
  webhook: { cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s }
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
logging: { flushFrequency: 0, options: { json: { infoBufferSize: "0" } }, verbosity: 0 }
memorySwap: {}
nodeStatusReportFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
syncFrequency: 0s
`;

test("a file of kubeadm is taken: what says nothing is as left out, and what has no effect here is told", () => {
  const path = join(folder, "config.yaml");
  writeFileSync(path, ofKubeadm);
  const command = addKubeletFlags(new Command()).exitOverride();
  command.parse(["--kubeconfig", "k"], { from: "user" });
  expect(readKubeletConfig(command, path)).toEqual([
    "healthzBindAddress",
    "healthzPort",
    "logging",
    "rotateCertificates",
  ]);
  expect(command.opts()).toMatchObject({
    clientCaFile: "/etc/kubernetes/pki/ca.crt",
    cgroupDriver: "systemd",
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    evictionPressureTransitionPeriod: 300_000,
    runtimeRequestTimeout: 120_000,
    podManifestPath: "/etc/kubernetes/manifests",
  });
});

test("sampan up has the kubelet's flags by other names, and not those of its certificates", () => {
  const path = join(folder, "config.yaml");
  const flags = (file: string) => {
    writeFileSync(path, file);
    const command = addNodeFlags(addServerFlags(new Command("up"))).exitOverride();
    command.parse(["--port", "7000"], { from: "user" });
    readKubeletConfig(command, path, flagNamesOfUp);
    return command.opts();
  };
  expect(flags(`${head}port: 10260\naddress: 127.0.0.1\nshutdownGracePeriod: 3s\n`)).toMatchObject({
    port: 7000,
    kubeletPort: 10_260,
    kubeletAddress: "127.0.0.1",
    shutdownGracePeriod: 3000,
  });
  expect(() => flags(`${head}tlsCertFile: x\n`)).toThrow("tlsCertFile cannot be had with sampan up");
});

test("how often the node tells of itself is heard", () => {
  const file = `${head}nodeStatusUpdateFrequency: 20s\nnodeStatusReportFrequency: 1m\nnodeLeaseDurationSeconds: 10\n`;
  expect(machineSettings(flagsOf(file))).toMatchObject({ statusCheckSeconds: 20, statusSeconds: 60, leaseSeconds: 10 });
  expect("statusSeconds" in machineSettings(flagsOf(head))).toBe(false);
});

test.each([
  ["another kind", "apiVersion: v1\nkind: Pod\n", "is a Pod (v1)"],
  ["an unknown field", `${head}maxPod: 5\n`, 'strict decoding error: unknown field "maxPod"'],
  [
    "a promise that is not kept",
    `${head}cpuManagerPolicy: static\n`,
    'cpuManagerPolicy: "static" cannot be had here, only "none"',
  ],
  [
    "an unknown field within another",
    `${head}authentication: { anonymous: { on: true } }\n`,
    "authentication.anonymous.on",
  ],
  ["a value that does not fit", `${head}maxPods: many\n`, 'maxPods: must be an integer, not "many"'],
  ["a value out of bounds", `${head}maxPods: -1\n`, "maxPods: It must be a number from 1 to 100000."],
  ["no duration", `${head}shutdownGracePeriod: soon\n`, "shutdownGracePeriod: "],
  ["half a group", `${head}shutdownGracePeriodByPodPriority: [{ priority: 5 }]\n`, "shutdownGracePeriodSeconds"],
])("%s is refused", (_, file, message) => {
  expect(() => flagsOf(file)).toThrow(CommandError);
  expect(() => flagsOf(file)).toThrow(message);
});

test("times that contradict each other are refused", () => {
  const file = `${head}shutdownGracePeriod: 5s\nshutdownGracePeriodCriticalPods: 10s\n`;
  expect(() => machineSettings(flagsOf(file))).toThrow(
    new CommandError(
      "invalid configuration: shutdownGracePeriodCriticalPods {10s} must be <= shutdownGracePeriod {5s}",
    ),
  );
});
