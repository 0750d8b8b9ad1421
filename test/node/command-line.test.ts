import { request } from "node:https";
import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { containerdNeeds } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { cleanUp, end, place, start, up } from "../support/real-commands.ts";
import { missing } from "../support/requires.ts";

afterEach(cleanUp);

const reason = missing(containerdNeeds);
const test_ = test.skipIf(reason !== undefined);
const title = (text: string) => (reason === undefined ? text : `${text} (${reason})`);

test_(title("sampan up --runtime cri runs pods on this machine, kubectl logs and exec reach them"), async () => {
  const at = await place();
  const { kubectl, containerd } = at;
  const args = [...up(at), "--runtime=cri", "--kubelet-address=127.0.0.1", "--kubelet-port=0", ...at.machine];
  const cluster = await start(args, (output) => output.includes('"ready":true'));
  expect(await kubectl("get", "nodes", "-o", "name")).toBe(`node/${hostname().toLowerCase()}\n`);
  const shell = ["sh", "-c", "echo hello; exec sleep 1000"];
  await kubectl("run", "p", "--image=docker.io/library/busybox:latest", "--image-pull-policy=Never", "--", ...shell);
  await kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s");
  expect(await kubectl("logs", "p")).toBe("hello\n");
  expect(await kubectl("exec", "p", "--", "hostname")).toBe("p\n");
  await kubectl(
    "create",
    "clusterrolebinding",
    "see-nodes",
    "--clusterrole=cluster-admin",
    "--serviceaccount=default:default",
  );
  const token = (await kubectl("create", "token", "default")).trim();
  const port = Number(
    await kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.daemonEndpoints.kubeletEndpoint.Port}"),
  );
  const metrics = await askKubelet(port, "/metrics/resource", token);
  expect(metrics.status).toBe(200);
  expect(metrics.body).toContain("node_memory_working_set_bytes ");
  expect((await askKubelet(port, "/metrics/resource")).status, "without a token").toBe(401);
  await end(cluster, "SIGTERM");
  expect(containerd.processes(), "the pod goes on").not.toEqual([]);
  const again = await start(args, (output) => output.includes('"ready":true'));
  expect(await kubectl("get", "pod", "p", "-o", "jsonpath={.status.containerStatuses[0].restartCount}")).toBe("0");
  expect(await kubectl("logs", "p")).toBe("hello\n");
  await kubectl("delete", "pod", "p", "--grace-period=1");
  await eventually(
    async () => containerd.processes(),
    (left) => left.length === 0,
  );
  await end(again, "SIGTERM");
});

test_(title("sampan kubelet joins a cluster by its kubeconfig and serves its API over TLS"), async () => {
  const at = await place();
  const { kubectl } = at;
  await start([...up(at), "--nodes=0"], (output) => output.includes('"ready":true'));
  const args = ["kubelet", "--kubeconfig", at.kubeconfig, "--node-name=node-a", "--port=0", "--node-labels=a=b"];
  const kubelet = await start([...args, "--register-with-taints=k=v:NoSchedule", ...at.machine], (output) =>
    output.includes("component=kubelet"),
  );
  await kubectl("wait", "node/node-a", "--for=condition=Ready", "--timeout=30s");
  expect(await kubectl("get", "node", "node-a", "-o", "jsonpath={.metadata.labels.a} {.spec.taints[*].key}")).toMatch(
    /^b .*k/,
  );
  const overrides = { spec: { nodeName: "node-a", terminationGracePeriodSeconds: 1 } };
  const image = ["--image=docker.io/library/busybox:latest", "--image-pull-policy=Never"];
  const run = ["run", "p", ...image, `--overrides=${JSON.stringify(overrides)}`, "--restart=Never"];
  await kubectl(...run, "--", "sh", "-c", "echo from afar; exec sleep 1000");
  await kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s");
  expect(await kubectl("logs", "p")).toBe("from afar\n");
  expect(await kubectl("exec", "p", "--", "echo", "hi")).toBe("hi\n");
  await kubectl("delete", "pod", "p");
  await end(kubelet, "SIGTERM");
});

/** What the kubelet's own port answers, as those ask it who collect metrics. */
function askKubelet(port: number, path: string, token?: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const options = { host: "127.0.0.1", port, path, headers, rejectUnauthorized: false, agent: false };
    const asking = request(options, async (answer) => resolve({ status: answer.statusCode, body: await text(answer) }));
    asking.on("error", reject).end();
  });
}
