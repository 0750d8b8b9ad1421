import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../src/index.ts";
import { boxPod, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);

let box: RealNodeBox;
const suffix = reason === undefined ? "" : ` (${reason})`;

describe.skipIf(reason !== undefined)(`containers on a real node${suffix}`, () => {
  beforeAll(async () => {
    box = await RealNodeBox.start();
  });
  afterAll(() => box?.stop());

  describe.concurrent("what runs in them", () => {
    const never = { restartPolicy: "Never" };

    test("Containers, without command and arguments", async () => {
      const namespace = await box.namespace();
      const image = "docker.io/library/web:1";
      await box.create(namespace, boxPod("p", "", { image, command: undefined }));
      const pod = await box.podUntil(namespace, "p", isReady);
      expect(await box.exec(pod, "c", "ps", "-o", "args")).toContain("httpd -f -p 80 -h /etc");
    });

    test("Containers, with arguments", async () => {
      const namespace = await box.namespace();
      const image = "docker.io/library/entry:1";
      const { output } = await box.runToEnd(
        namespace,
        boxPod("p", "", { image, command: undefined, args: ["b"] }, never),
      );
      expect(output).toBe("a b\n");
    });

    test("Containers, with command", async () => {
      const namespace = await box.namespace();
      const image = "docker.io/library/entry:1";
      const { output } = await box.runToEnd(namespace, boxPod("p", "", { image, command: ["echo", "c"] }, never));
      expect(output).toBe("c\n");
    });

    test("Containers, with command and arguments", async () => {
      const namespace = await box.namespace();
      const draft = boxPod(
        "p",
        "",
        { command: ["echo", "$(WHO)"], args: ["$(WHO)", "$$(WHO)"], env: [{ name: "WHO", value: "me" }] },
        never,
      );
      expect((await box.runToEnd(namespace, draft)).output).toBe("me me $(WHO)\n");
    });

    test("Pods, service environment variables", async () => {
      const namespace = await box.namespace();
      const ports = [{ port: 8765, targetPort: 8080 }];
      await box.client
        .resource(resources.services)
        .create({ metadata: { name: "fooservice", namespace }, spec: { ports } });
      const { output } = await box.runToEnd(namespace, boxPod("p", "env", {}, never));
      for (const name of ["HOST", "PORT"]) expect(output).toContain(`FOOSERVICE_SERVICE_${name}=`);
      expect(output).toMatch(/^FOOSERVICE_PORT_8765_TCP=tcp:\/\/[\d.]+:8765$/m);
    });

    test("Container Runtime, TerminationMessage, from container's log output of failing container", async () => {
      const namespace = await box.namespace();
      const terminationMessagePolicy = "FallbackToLogsOnError";
      const draft = boxPod("p", "printf DONE; exit 1", { terminationMessagePolicy }, never);
      const { pod } = await box.runToEnd(namespace, draft);
      expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 1, message: "DONE" });
    });

    test("Container Runtime, TerminationMessagePath, non-root user and non-default path", async () => {
      const namespace = await box.namespace();
      const terminationMessagePath = "/dev/termination-custom-log";
      const securityContext = { runAsUser: 1000 };
      const draft = boxPod(
        "p",
        "printf DONE > /dev/termination-custom-log",
        { terminationMessagePath, securityContext },
        never,
      );
      const { pod } = await box.runToEnd(namespace, draft);
      expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.message).toBe("DONE");
    });

    test("Container Runtime, Restart Policy, Pod Phases", async () => {
      const namespace = await box.namespace();
      const failsOnce = (policy: string) =>
        boxPod(
          policy.toLowerCase(),
          "test -e /v/x && exit 0; touch /v/x; exit 1",
          { volumeMounts: [{ name: "v", mountPath: "/v" }] },
          {
            restartPolicy: policy,
            volumes: [{ name: "v", emptyDir: {} }],
          },
        );
      for (const policy of ["Always", "OnFailure", "Never"]) await box.create(namespace, failsOnce(policy));
      const always = await box.podUntil(
        namespace,
        "always",
        ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
      );
      expect(always.status?.phase).toBe("Running");
      const onFailure = await box.podUntil(namespace, "onfailure", ({ status }) => status?.phase === "Succeeded");
      expect(onFailure.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: false });
      const failed = await box.podUntil(namespace, "never", ({ status }) => status?.phase === "Failed");
      expect(failed.status?.containerStatuses?.[0]).toMatchObject({
        restartCount: 0,
        state: { terminated: { exitCode: 1 } },
      });
    });
  });

  describe.concurrent("what they may do", () => {
    const never = { restartPolicy: "Never" };

    test("Security Context, runAsUser=65534", async () => {
      const namespace = await box.namespace();
      const draft = boxPod("p", "id -u", { securityContext: { runAsUser: 65534 } }, never);
      expect((await box.runToEnd(namespace, draft)).output).toBe("65534\n");
    });

    test("Security Context, test RunAsGroup at container level", async () => {
      const namespace = await box.namespace();
      const securityContext = { runAsUser: 1001, runAsGroup: 2002 };
      const { output } = await box.runToEnd(namespace, boxPod("p", "id -u; id -g", { securityContext }, never));
      expect(output).toBe("1001\n2002\n");
    });

    test("Security Context, test RunAsGroup at pod level", async () => {
      const namespace = await box.namespace();
      const securityContext = { runAsUser: 1001, runAsGroup: 2002, fsGroup: 5, supplementalGroups: [7] };
      const { output } = await box.runToEnd(
        namespace,
        boxPod("p", "id -u; id -g; id -G", {}, { ...never, securityContext }),
      );
      expect(output).toBe("1001\n2002\n2002 5 7\n");
    });

    test("Security Context, privileged=false.", async () => {
      const namespace = await box.namespace();
      const script = "mount -t tmpfs t /tmp 2>/dev/null && echo mounted || echo refused";
      const plain = boxPod("plain", script, { securityContext: { privileged: false } }, never);
      expect((await box.runToEnd(namespace, plain)).output).toBe("refused\n");
      const privileged = boxPod("privileged", script, { securityContext: { privileged: true } }, never);
      expect((await box.runToEnd(namespace, privileged)).output).toBe("mounted\n");
    });

    test("Security Context, readOnlyRootFilesystem=false.", async () => {
      const namespace = await box.namespace();
      const securityContext = { readOnlyRootFilesystem: false };
      const { pod } = await box.runToEnd(namespace, boxPod("p", "touch /x", { securityContext }, never));
      expect(pod.status?.phase).toBe("Succeeded");
    });

    test("Kubelet, pod with read only root file system", async () => {
      const namespace = await box.namespace();
      const securityContext = { readOnlyRootFilesystem: true };
      const { output } = await box.runToEnd(
        namespace,
        boxPod("p", "touch /x 2>&1 || true", { securityContext }, never),
      );
      expect(output).toContain("Read-only file system");
    });

    test("Security Context, allowPrivilegeEscalation=false.", async () => {
      const namespace = await box.namespace();
      const securityContext = { runAsUser: 1000, allowPrivilegeEscalation: false };
      const { output } = await box.runToEnd(
        namespace,
        boxPod("p", "grep NoNewPrivs /proc/self/status", { securityContext }, never),
      );
      expect(output).toMatch(/NoNewPrivs:\s1/);
    });

    test("capabilities are added and dropped, system calls filtered, parts of /proc hidden", async () => {
      const namespace = await box.namespace();
      const capabilities = { drop: ["ALL"], add: ["NET_BIND_SERVICE"] };
      const seccompProfile = { type: "RuntimeDefault" };
      const script = "grep -E '^(CapEff|Seccomp):' /proc/self/status; cat /proc/timer_list | wc -c";
      const { output } = await box.runToEnd(
        namespace,
        boxPod("p", script, { securityContext: { capabilities, seccompProfile } }, never),
      );
      expect(output.replaceAll("\t", " ")).toBe("CapEff: 0000000000000400\nSeccomp: 2\n0\n");
    });

    test("who promised not to run as root does not", async () => {
      const namespace = await box.namespace();
      const asked = { securityContext: { runAsNonRoot: true } };
      const image = (name: string) => ({ ...asked, image: `docker.io/library/${name}:1`, command: undefined });
      await box.create(namespace, boxPod("root", "true", asked));
      await box.create(namespace, boxPod("zero", "true", { securityContext: { runAsNonRoot: true, runAsUser: 0 } }));
      await box.create(namespace, boxPod("name", "", image("user-name")));
      await box.create(namespace, boxPod("number", "", image("user-number")));
      const why = async (name: string) => {
        const pod = await box.podUntil(
          namespace,
          name,
          ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.message !== undefined,
        );
        const { reason, message } = pod.status?.containerStatuses?.[0]?.state?.waiting ?? {};
        return `${reason}: ${message?.replace(/\(pod:.*$/, "")}`;
      };
      const refused = "CreateContainerConfigError: container";
      expect(await why("root")).toBe(`${refused} has runAsNonRoot and image will run as root `);
      expect(await why("zero")).toBe(`${refused}'s runAsUser breaks non-root policy `);
      expect(await why("name")).toBe(
        `${refused} has runAsNonRoot and image has non-numeric user (user), cannot verify user is non-root `,
      );
      await box.podUntil(namespace, "number", isReady);
    });

    test("limits become those of the kernel", async () => {
      const namespace = await box.namespace();
      const limits = { cpu: "250m", memory: "40Mi" };
      const requests = { cpu: "100m" };
      await box.create(namespace, boxPod("p", "sleep 1000", { resources: { limits, requests } }));
      await box.podUntil(namespace, "p", isReady);
      const { resources: used } = await box.kubelet.node.runtime.containerStatus(
        (await box.kubelet.node.runtime.listContainers({ labels: { "io.kubernetes.pod.namespace": namespace } }))[0]
          ?.id ?? "",
      );
      expect(used).toMatchObject({
        cpuShares: 102,
        cpuQuota: 25_000,
        cpuPeriod: 100_000,
        memoryLimitInBytes: 40 * 1024 * 1024,
      });
    });
  });
});
