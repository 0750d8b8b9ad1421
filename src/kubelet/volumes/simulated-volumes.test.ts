import { afterEach, expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { box, podOf, type TestCluster, testCluster } from "../testing/cluster-suite.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const namespace = "default";

/** What the pod's only container has printed. */
async function printed(name: string): Promise<string> {
  const pod = await cluster.pod(name);
  const container = pod.spec?.containers[0]?.name ?? "";
  let text = "";
  for await (const part of cluster.kubelets.logs(pod, { container, previous: false, follow: false } as never)) {
    text += String(part);
  }
  return text;
}

/** A pod of one container that sees one volume at /v and runs to its end. */
function reader(name: string, volume: object, container: object, spec: Partial<NonNullable<Pod["spec"]>> = {}) {
  const mounted = { volumeMounts: [{ name: "v", mountPath: "/v" }], ...container };
  const volumes = [{ name: "v", ...volume }];
  return podOf(name, { containers: [{ name: "a", ...mounted } as never], volumes, restartPolicy: "Never", ...spec });
}

const agnhost = (...args: string[]) => ({ image: "registry.k8s.io/e2e-test-images/agnhost:2.56", args });

test("a pod on a node starts when its claims are bound, and says until then why it does not", async () => {
  cluster = await testCluster();
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
  const isRunning = async () => (await cluster.pod("p")).status?.phase === "Running";
  await cluster.run(
    podOf("p", { containers: [box("a", "sleep 1000", { volumeMounts: [{ name: "v", mountPath: "/v" }] })], volumes }),
  );
  await cluster.seconds(1);
  expect(await isRunning()).toBe(false);
  const claims = cluster.client.resource(resources.persistentvolumeclaims);
  const made = await claims.create({
    metadata: { name: "c", namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "volume" },
  });
  await cluster.client.resource(resources.persistentvolumes).create({
    metadata: { name: "volume" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      hostPath: { path: "/data" },
      claimRef: { namespace, name: "c", uid: made.metadata.uid },
    },
  });
  await cluster.seconds(12);
  expect(await isRunning()).toBe(false);
  await claims.updateStatus({ ...made, status: { phase: "Bound" } });
  await cluster.seconds(12);
  expect(await isRunning()).toBe(true);
  const which = "unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]";
  const why = `FailedMount: Unable to attach or mount volumes: ${which}: error processing PVC default/c`;
  expect((await cluster.events("p")).slice(0, 2)).toEqual([
    expect.stringContaining(`${why}: failed to fetch PVC from API server: persistentvolumeclaims "c" not found`),
    expect.stringContaining(`${why}: PVC is not bound`),
  ]);
});

test("a pod waits for a config map that is missing, says so, and reads it when it is there", async () => {
  cluster = await testCluster();
  await cluster.run(reader("p", { configMap: { name: "settings" } }, box("a", "cat /v/colour; echo; ls /v")));
  await cluster.seconds(2);
  expect((await cluster.pod("p")).status?.phase).toBe("Pending");
  const why = 'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "settings" not found';
  expect(await cluster.events("p")).toContainEqual(expect.stringContaining(why));
  const metadata = { name: "settings", namespace };
  const data = { colour: "green", shape: "round" };
  await cluster.client.resource(resources.configmaps).create({ metadata, data });
  await cluster.seconds(200);
  expect((await cluster.pod("p")).status?.phase).toBe("Succeeded");
  expect(await printed("p")).toBe("green\ncolour\nshape\n");
});

test("a program that waits for a change of its config map sees it", async () => {
  cluster = await testCluster();
  const maps = cluster.client.resource(resources.configmaps);
  const made = await maps.create({ metadata: { name: "settings", namespace }, data: { colour: "green" } });
  await cluster.run(
    reader(
      "p",
      { configMap: { name: "settings" } },
      box("a", "until grep -q red /v/colour; do sleep 1; done; cat /v/colour"),
    ),
  );
  await cluster.seconds(30);
  expect((await cluster.pod("p")).status?.phase).toBe("Running");
  await maps.update({ ...made, data: { colour: "red" } });
  await cluster.seconds(30);
  expect(await printed("p")).toBe("red\n");
});

test("modes, owners and texts of a secret are what its volume says", async () => {
  cluster = await testCluster();
  await cluster.client
    .resource(resources.secrets)
    .create({ metadata: { name: "keys", namespace }, data: { "data-1": Buffer.from("value-1").toString("base64") } });
  const secret = { secretName: "keys", items: [{ key: "data-1", path: "new/path", mode: 0o400 }] };
  const asks = agnhost("mounttest", "--file_mode=/v/new/path", "--file_content=/v/new/path", "--fs_type=/v");
  await cluster.run(reader("p", { secret }, asks));
  await cluster.seconds(2);
  expect(await printed("p")).toBe(
    'mount type of "/v": tmpfs\nmode of file "/v/new/path": -r--------\ncontent of file "/v/new/path": value-1\n',
  );
  expect((await cluster.pod("p")).status?.phase).toBe("Succeeded");
});

test("containers of a pod share an empty directory, as folder or in parts", async () => {
  cluster = await testCluster();
  const mount = (more: object) => ({ volumeMounts: [{ name: "v", mountPath: "/v", ...more }] });
  const initContainers = [box("first", "echo written > /v/below/file", mount({}))];
  const containers = [box("a", "cat /v/file; echo lost > /v/file", mount({ subPath: "below", readOnly: true }))];
  const volumes = [{ name: "v", emptyDir: {} }];
  await cluster.run(podOf("p", { initContainers, containers, volumes, restartPolicy: "Never" } as never));
  await cluster.seconds(4);
  expect(await printed("p")).toBe("written\nsh: can't create /v/file: Read-only file system\n");
  expect((await cluster.pod("p")).status?.phase).toBe("Failed");
});

test("a file in an empty directory has the mode that it was made with", async () => {
  cluster = await testCluster();
  const asks = agnhost("mounttest", "--fs_type=/v", "--new_file_0660=/v/f", "--file_perm=/v/f");
  await cluster.run(reader("p", { emptyDir: { medium: "Memory" } }, asks));
  await cluster.seconds(2);
  expect(await printed("p")).toBe(
    'mount type of "/v": tmpfs\ncontent of file "/v/f": mount-tester new file\n\nperms of file "/v/f": -rw-rw----\n',
  );
});

test("what is written into a host's folder is there for the next pod of the node", async () => {
  cluster = await testCluster();
  const volume = { hostPath: { path: "/data" } };
  await cluster.run(reader("one", volume, box("a", "echo kept > /v/file")));
  await cluster.seconds(2);
  await cluster.run(reader("two", volume, box("a", "cat /v/file")));
  await cluster.seconds(2);
  expect(await printed("two")).toBe("kept\n");
});

test("a web server is ready as long as it has the page that is asked for", async () => {
  cluster = await testCluster();
  const page = "/usr/local/apache2/htdocs/index.html";
  const readinessProbe = { httpGet: { path: "/index.html", port: 80 }, periodSeconds: 1, failureThreshold: 1 };
  // It changes the files of a program of which nothing else is known.
  const moves = `mv -v ${page} /tmp/; sleep 5; mv -v /tmp/index.html /usr/local/apache2/htdocs/`;
  const exec = { command: ["sh", "-c", moves] };
  const livenessProbe = { exec, initialDelaySeconds: 3, periodSeconds: 1000, timeoutSeconds: 10 };
  const containers = [{ name: "a", image: "docker.io/library/httpd:2.4", readinessProbe, livenessProbe }];
  await cluster.run(podOf("p", { containers } as never));
  const isReady = async () => (await cluster.pod("p")).status?.containerStatuses?.[0]?.ready;
  await cluster.seconds(2);
  expect(await isReady()).toBe(true);
  await cluster.seconds(3);
  expect(await isReady()).toBe(false);
  await cluster.seconds(5);
  expect(await isReady()).toBe(true);
});

test("the downward API and the names of the pod are in its files", async () => {
  cluster = await testCluster();
  const items = [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }];
  const spec = { hostAliases: [{ ip: "192.0.2.9", hostnames: ["far"] }] };
  const container = box("a", "cat /v/labels; echo; grep far /etc/hosts; hostname");
  const pod = reader("p", { downwardAPI: { items } }, container, spec);
  await cluster.run({ ...pod, metadata: { ...pod.metadata, labels: { app: "web" } } });
  await cluster.seconds(2);
  expect(await printed("p")).toBe('app="web"\n192.0.2.9\tfar\np\n');
});

test("a program that asks another pod by its address prints what it answers, and that one logs it", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("server", { containers: [{ name: "a", ...agnhost("netexec") }] } as never));
  await cluster.seconds(2);
  const address = (await cluster.pod("server")).status?.podIP;
  const httpGet = { host: address, port: 8080, path: "/echo?msg=hook" };
  const container = box("a", `curl -s http://${address}:8080/hostname; sleep 1`, {
    lifecycle: { postStart: { httpGet } },
  });
  await cluster.run(podOf("client", { containers: [container], restartPolicy: "Never" }));
  await cluster.seconds(3);
  expect(await printed("client")).toBe("server\n");
  const log = await printed("server");
  expect(log).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d GET \/hostname$/m);
  expect(log).toContain("GET /echo?msg=hook\n");
});

test("a volume of the pod's own comes before what the node puts there", async () => {
  cluster = await testCluster();
  const volumeMounts = [{ name: "v", mountPath: "/etc/hosts" }];
  const script = "cat /etc/hosts";
  await cluster.run(reader("p", { hostPath: { path: "/etc/hosts" } }, box("a", script, { volumeMounts })));
  await cluster.seconds(2);
  expect(await printed("p")).toBe("127.0.0.1\tlocalhost\n");
});

test.each(["404", "non-existent"])("an image of the tag %s is in no registry", async (tag) => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { containers: [{ name: "a", image: `webserver:${tag}` }] } as never));
  await cluster.seconds(1);
  const why = `docker.io/library/webserver:${tag}": docker.io/library/webserver:${tag}: not found`;
  expect(await cluster.events("p")).toContainEqual(expect.stringContaining(why));
});

test("a program runs as whom its pod says, and cannot write where it must not", async () => {
  cluster = await testCluster();
  const securityContext = { runAsUser: 1000, runAsGroup: 3000, readOnlyRootFilesystem: true };
  const script = "id; echo no > /file; echo yes > /v/file; cat /v/file";
  await cluster.run(reader("p", { emptyDir: {} }, box("a", script, { securityContext }), {}));
  await cluster.seconds(2);
  expect(await printed("p")).toBe(
    "uid=1000 gid=3000 groups=3000\nsh: can't create /file: Read-only file system\nyes\n",
  );
});

test("only a privileged program changes the network", async () => {
  cluster = await testCluster();
  const script = "ip link add dummy0 type dummy && echo added";
  await cluster.run(reader("p", { emptyDir: {} }, box("a", script)));
  await cluster.run(reader("q", { emptyDir: {} }, box("a", script, { securityContext: { privileged: true } })));
  await cluster.seconds(2);
  expect(await printed("p")).toBe("ip: RTNETLINK answers: Operation not permitted\n");
  expect(await printed("q")).toBe("added\n");
});

test("a container that is not to run as root and says that it does is not started", async () => {
  cluster = await testCluster();
  const securityContext = { runAsUser: 0, runAsNonRoot: true };
  await cluster.run(podOf("p", { containers: [box("a", "true", { securityContext })] }));
  await cluster.seconds(2);
  const waiting = (await cluster.pod("p")).status?.containerStatuses?.[0]?.state?.waiting;
  expect(waiting?.reason).toBe("CreateContainerConfigError");
  expect(waiting?.message).toContain("container's runAsUser breaks non-root policy");
});

test.each(["/healthz", "/redirect?loc=%2Fhealthz"])(
  "agnhost's liveness is not well after ten seconds at %s",
  async (path) => {
    cluster = await testCluster();
    const livenessProbe = { httpGet: { path, port: 8080 }, periodSeconds: 1, failureThreshold: 1 };
    await cluster.run(podOf("p", { containers: [{ name: "a", ...agnhost("liveness"), livenessProbe }] } as never));
    const restarts = async () => (await cluster.pod("p")).status?.containerStatuses?.[0]?.restartCount;
    await cluster.seconds(9);
    expect(await restarts()).toBe(0);
    await cluster.seconds(9);
    expect(await restarts()).toBe(1);
  },
);

test("nettest counts who writes to it", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("server", { containers: [{ name: "a", ...agnhost("nettest") }] } as never));
  await cluster.seconds(2);
  const at = `http://${(await cluster.pod("server")).status?.podIP}:8080`;
  const script = `wget -qO- --post-data='{"Source": "me"}' ${at}/write; wget -qO- ${at}/read`;
  await cluster.run(podOf("client", { containers: [box("a", script)], restartPolicy: "Never" }));
  await cluster.seconds(3);
  expect(await printed("client")).toContain('{"Hostname":"server"}\n{\n\t"Hostname": "server"');
  expect(await printed("client")).toContain('"me": 1');
});

test("a server whose port is known refuses others", async () => {
  cluster = await testCluster();
  const server = (name: string, port: number) => {
    const readinessProbe = { httpGet: { path: "/", port }, periodSeconds: 1 };
    return podOf(name, { containers: [{ name: "a", ...agnhost("test-webserver"), readinessProbe }] } as never);
  };
  await cluster.run(server("right", 80), server("wrong", 81));
  await cluster.seconds(3);
  const isReady = async (name: string) => (await cluster.pod(name)).status?.containerStatuses?.[0]?.ready;
  expect([await isReady("right"), await isReady("wrong")]).toEqual([true, false]);
});

test("the end of what was printed is the message as it was printed, also without the end of a line", async () => {
  cluster = await testCluster();
  const more = { terminationMessagePolicy: "FallbackToLogsOnError" };
  await cluster.run(podOf("p", { containers: [box("a", "echo -n DONE; exit 1", more)], restartPolicy: "Never" }));
  await cluster.seconds(2);
  const { state } = (await cluster.pod("p")).status?.containerStatuses?.[0] ?? {};
  expect(state?.terminated?.message).toBe("DONE");
});
