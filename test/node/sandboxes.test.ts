import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Pod } from "../../src/api/types/index.ts";
import { resources } from "../../src/index.ts";
import {
  boxPod,
  containerdNeeds,
  containerIdOf,
  isReady,
  pauseProgram,
  RealNodeBox,
} from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const suffix = reason === undefined ? "" : ` (${reason})`;

let box: RealNodeBox;

const sleeps = "exec sleep 1000";
const own = (namespace: string) => `/proc/self/ns/${namespace}`;
const ofMachine = (namespace: string) => readlinkSync(`/proc/self/ns/${namespace}`);

async function running(namespace: string, draft: ReturnType<typeof boxPod>): Promise<Pod> {
  await box.create(namespace, draft);
  return box.podUntil(namespace, draft.metadata.name, isReady);
}

test.skipIf(reason !== undefined)(`the pause program is small${suffix}`, () => {
  expect(pauseProgram().length).toBeLessThan(1_000_000);
});

describe.skipIf(reason !== undefined)(`sandboxes on a real node${suffix}`, () => {
  beforeAll(async () => {
    box = await RealNodeBox.start();
  });
  afterAll(() => box?.stop());

  describe.concurrent("namespaces and names", () => {
    test("containers of a pod share network and names, not processes", async () => {
      const namespace = await box.namespace();
      const other = {
        name: "d",
        image: "docker.io/library/busybox:latest",
        imagePullPolicy: "Never",
        command: ["sleep", "1000"],
      };
      const pod = await running(namespace, boxPod("p", sleeps, {}, { containers: [other] }));
      for (const kind of ["net", "ipc", "uts"]) {
        const first = await box.exec(pod, "c", "readlink", own(kind));
        expect(await box.exec(pod, "d", "readlink", own(kind)), kind).toBe(first);
        expect(first.trim(), kind).not.toBe(ofMachine(kind));
      }
      expect(await box.exec(pod, "d", "readlink", own("pid"))).not.toBe(
        await box.exec(pod, "c", "readlink", own("pid")),
      );
      expect((await box.exec(pod, "c", "hostname")).trim()).toBe("p");
    });

    test("with shareProcessNamespace pause is the first process and reaps what others leave", async () => {
      const namespace = await box.namespace();
      const pod = await running(namespace, boxPod("p", sleeps, {}, { shareProcessNamespace: true }));
      expect(await box.exec(pod, "c", "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline")).toBe("/pause ");
      await box.exec(pod, "c", "sh", "-c", "(sh -c 'sleep 0.1 & exit 0'); sleep 0.5");
      const zombies = await box.exec(
        pod,
        "c",
        "sh",
        "-c",
        "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l",
      );
      expect(zombies.trim()).toBe("0");
    });

    test("a pod may have the machine's network, processes and IPC", async () => {
      const namespace = await box.namespace();
      const pod = await running(
        namespace,
        boxPod("p", sleeps, {}, { hostNetwork: true, hostPID: true, hostIPC: true }),
      );
      for (const kind of ["net", "pid", "ipc", "uts"]) {
        expect((await box.exec(pod, "c", "readlink", own(kind))).trim(), kind).toBe(ofMachine(kind));
      }
      expect(pod.status).toMatchObject({ podIP: "127.0.0.1", hostIP: "127.0.0.1" });
      expect((await box.exec(pod, "c", "hostname")).trim()).toBe(hostname());
    });

    test("Kubelet, hostAliases", async () => {
      const namespace = await box.namespace();
      const hostAliases = [{ ip: "123.45.67.89", hostnames: ["name1", "name2"] }];
      const { output } = await box.runToEnd(
        namespace,
        boxPod("p", "cat /etc/hosts", {}, { hostAliases, restartPolicy: "Never" }),
      );
      expect(output).toContain("# Entries added by HostAliases.\n123.45.67.89\tname1\tname2\n");
    });

    test("Kubelet, managed etc hosts", async () => {
      const namespace = await box.namespace();
      const volumeMounts = [{ name: "h", mountPath: "/etc/hosts" }];
      const volumes = [{ name: "h", hostPath: { path: "/etc/hosts", type: "File" } }];
      const image = "docker.io/library/busybox:latest";
      const other = { name: "d", image, imagePullPolicy: "Never", command: ["sleep", "1000"], volumeMounts };
      const pod = await running(namespace, boxPod("p", sleeps, {}, { volumes, containers: [other] }));
      const managed = await box.exec(pod, "c", "cat", "/etc/hosts");
      expect(managed).toMatch(/^# Kubernetes-managed hosts file\.\n/);
      expect(managed).toContain(`${pod.status?.podIP}\tp\n`);
      expect(await box.exec(pod, "d", "cat", "/etc/hosts")).toBe(readFileSync("/etc/hosts", "utf8"));
      const host = await running(namespace, boxPod("host", sleeps, {}, { hostNetwork: true }));
      expect(await box.exec(host, "c", "cat", "/etc/hosts")).toBe(
        `# Kubernetes-managed hosts file (host network).\n${readFileSync("/etc/hosts", "utf8")}`,
      );
    });

    test("hostname and subdomain name a pod, on demand with its domain", async () => {
      const namespace = await box.namespace();
      const named = { hostname: "h", subdomain: "s" };
      const pod = await running(namespace, boxPod("p", sleeps, {}, named));
      const domain = `h.s.${namespace}.svc.cluster.local`;
      expect((await box.exec(pod, "c", "hostname")).trim()).toBe("h");
      expect(await box.exec(pod, "c", "cat", "/etc/hosts")).toContain(`\t${domain}\th\n`);
      const whole = await running(namespace, boxPod("q", sleeps, {}, { ...named, setHostnameAsFQDN: true }));
      expect((await box.exec(whole, "c", "hostname")).trim()).toBe(domain);
      const long = { hostname: "h".repeat(60), subdomain: "s", setHostnameAsFQDN: true };
      await box.create(namespace, boxPod("long", sleeps, {}, long));
      await eventually(
        () => box.events(namespace, "long"),
        (events) =>
          events.some((event) =>
            /FailedCreatePodSandBox: .*FQDN .* is too long \(64 characters is the max/.test(event),
          ),
      );
    });

    test("names are asked of the cluster's server, the node's, or the pod's own", async () => {
      const namespace = await box.namespace();
      const resolvConf = async (name: string, spec: object) => {
        const pod = await running(namespace, boxPod(name, sleeps, {}, spec));
        return (await box.exec(pod, "c", "cat", "/etc/resolv.conf")).split("\n").filter((line) => line !== "");
      };
      const [search, server, options] = await resolvConf("cluster", {});
      expect(search).toMatch(
        new RegExp(`^search ${namespace}\\.svc\\.cluster\\.local svc\\.cluster\\.local cluster\\.local`),
      );
      expect([server, options]).toEqual(["nameserver 10.96.0.10", "options ndots:5"]);
      const dnsConfig = {
        nameservers: ["192.0.2.1"],
        searches: ["a.b"],
        options: [{ name: "ndots", value: "2" }, { name: "edns0" }],
      };
      expect(await resolvConf("none", { dnsPolicy: "None", dnsConfig })).toEqual([
        "search a.b",
        "nameserver 192.0.2.1",
        "options ndots:2 edns0",
      ]);
    });

    test("kernel settings of the pod's namespaces are set", async () => {
      const namespace = await box.namespace();
      const sysctls = [{ name: "net.ipv4.ip_unprivileged_port_start", value: "80" }];
      const pod = await running(namespace, boxPod("p", sleeps, {}, { securityContext: { sysctls } }));
      expect(await box.exec(pod, "c", "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start")).toBe("80\n");
    });

    test("Sysctl, test sysctls", async () => {
      const namespace = await box.namespace();
      const sysctls = [{ name: "kernel.shm_rmid_forced", value: "1" }];
      const read = "cat /proc/sys/kernel/shm_rmid_forced";
      const spec = { securityContext: { sysctls }, restartPolicy: "Never" };
      const { pod, output } = await box.runToEnd(namespace, boxPod("p", read, {}, spec));
      expect(pod.status?.phase).toBe("Succeeded");
      expect(output).toBe("1\n");
    });

    test("kernel settings that weigh on the machine are refused", async () => {
      const namespace = await box.namespace();
      const sysctls = [{ name: "kernel.msgmax", value: "10000000000" }];
      await box.create(namespace, boxPod("p", sleeps, {}, { securityContext: { sysctls } }));
      const { status } = await box.podUntil(namespace, "p", ({ status }) => status?.phase === "Failed");
      const message = 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted';
      expect(status).toMatchObject({ reason: "SysctlForbidden", message });
    });

    test("a runtime class that the runtime does not know keeps the pod from starting, and says so", async () => {
      const namespace = await box.namespace();
      await box.client
        .resource(resources.runtimeclasses)
        .create({ metadata: { name: "none" }, handler: "no-such" } as never);
      await box.create(namespace, boxPod("p", sleeps, {}, { runtimeClassName: "none" }));
      await eventually(
        () => box.events(namespace, "p"),
        (events) =>
          events.some((event) =>
            event.startsWith(
              'FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "no-such" is configured',
            ),
          ),
      );
    });

    test("a container that is restarted keeps its pod's address and neighbours", async () => {
      const namespace = await box.namespace();
      const image = "docker.io/library/busybox:latest";
      const other = { name: "d", image, imagePullPolicy: "Never", command: ["sleep", "1000"] };
      const before = await running(namespace, boxPod("p", "sleep 2", {}, { containers: [other] }));
      const after = await box.podUntil(
        namespace,
        "p",
        ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1,
      );
      expect(after.status?.podIP).toBe(before.status?.podIP);
      expect(containerIdOf(after, "d")).toBe(containerIdOf(before, "d"));
    });

    test("a port of the node leads to the pod, and no longer when it is gone", async () => {
      const namespace = await box.namespace();
      const rules = () => execFileSync("iptables-save", ["-t", "nat"], { encoding: "utf8" });
      const image = "docker.io/library/web:1";
      const ports = [{ containerPort: 80, hostPort: 31_999 }];
      const pod = await running(namespace, boxPod("p", "", { image, command: undefined, ports }));
      expect(rules()).toContain(`--to-destination ${pod.status?.podIP}:80`);
      await box.delete(namespace, "p");
      await box.podGone(namespace, "p");
      await eventually(
        async () => rules(),
        (text) => !text.includes(`--to-destination ${pod.status?.podIP}:80`),
      );
    });
  });
});
