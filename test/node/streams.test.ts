// Commands, terminals, ports, logs and copies in real containers, with a real kubectl, through the kubelet's API over TLS.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientBinary } from "../support/binaries.ts";
import { containerdNeeds } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { cleanUp, type Place, place, start, up } from "../support/real-commands.ts";
import { missing } from "../support/requires.ts";
import { onTerminal as typeOn } from "../support/terminal.ts";

const reason = missing({ ...containerdNeeds, programs: { ...containerdNeeds.programs, script: "bsdutils" } });
const image = ["--image=docker.io/library/busybox:latest", "--image-pull-policy=Never"];

describe.skipIf(reason !== undefined)(`streams of real containers${reason === undefined ? "" : ` (${reason})`}`, () => {
  let at: Place;
  afterAll(cleanUp);
  beforeAll(async () => {
    at = await place();
    await start([...up(at), "--nodes=0"], (output) => output.includes('"ready":true'));
    const args = ["kubelet", "--kubeconfig", at.kubeconfig, "--node-name=node-a", "--port=0"];
    await start([...args, ...at.machine], (output) => output.includes("component=kubelet"));
    await at.kubectl("wait", "node/node-a", "--for=condition=Ready", "--timeout=30s");
    const script = "mkdir /www; echo page > /www/index.html; echo started; exec httpd -f -p 8080 -h /www";
    await runPod("web", script);
  }, 120_000);

  async function runPod(name: string, script: string, ...flags: string[]): Promise<void> {
    const overrides = JSON.stringify({ spec: { terminationGracePeriodSeconds: 1 } });
    await at.kubectl("run", name, ...image, ...flags, `--overrides=${overrides}`, "--", "sh", "-c", script);
    await at.kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=60s");
  }

  /** Runs kubectl on a terminal. */
  function onTerminal(args: string, typed: Parameters<typeof typeOn>[1]) {
    return typeOn(`${clientBinary("kubectl")} --kubeconfig ${at.kubeconfig} ${args}`, typed);
  }

  describe.each([
    ["WebSocket", {}],
    ["SPDY", { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" }],
  ] as const)("over %s", (protocol, env) => {
    test("a command reads, prints on both streams and tells its exit code", async () => {
      const { run } = at;
      expect(await run(["exec", "web", "--", "cat", "/www/index.html"], { env })).toMatchObject({ stdout: "page\n" });
      const failed = await run(["exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 7"], { env });
      expect(failed).toMatchObject({ code: 7, stdout: "out\n" });
      expect(failed.stderr).toBe("err\ncommand terminated with exit code 7\n");
      const input = "0123456789".repeat(500_000);
      const copied = await run(["exec", "-i", "web", "--", "cat"], { env, input });
      expect(copied.stdout === input).toBe(true);
      const missing = await run(["exec", "web", "--", "nosuch"], { env });
      expect(missing.code).not.toBe(0);
      expect(missing.stderr).toContain('exec: "nosuch": executable file not found in $PATH');
    });

    test("ports are forwarded, and one that nobody listens on says so", async () => {
      const args = ["--kubeconfig", at.kubeconfig, "port-forward", "pod/web", ":8080", ":9"];
      const child = spawn(clientBinary("kubectl"), args, { env: { ...process.env, ...env } });
      let said = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          said += text;
        });
      }
      try {
        const { ports } = await eventually(
          async () => ({ ports: [...said.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port) }),
          (seen) => seen.ports.length === 2,
        );
        for (let i = 0; i < 3; i++) {
          expect(await (await fetch(`http://127.0.0.1:${ports[0]}/index.html`)).text()).toBe("page\n");
        }
        await expect(fetch(`http://127.0.0.1:${ports[1]}/`)).rejects.toThrow();
        await eventually(
          async () => said,
          (text) => text.includes("connection refused"),
        );
      } finally {
        child.kill("SIGKILL");
      }
    });

    test("files are copied in and out", async () => {
      const file = join(at.folder, `${protocol}.bin`);
      const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256));
      writeFileSync(file, bytes);
      expect(await at.run(["cp", file, `web:/tmp/${protocol}`], { env })).toMatchObject({ code: 0 });
      const back = join(at.folder, `${protocol}.back`);
      expect(await at.run(["cp", `web:/tmp/${protocol}`, back], { env })).toMatchObject({ code: 0 });
      expect(readFileSync(back).equals(bytes)).toBe(true);
    });
  });

  test("a terminal has a size, shows what is typed and ends with its shell", async () => {
    const { code, seen } = await onTerminal("exec -it web -- sh", [
      ["# ", "tty; stty size\r"],
      ["# ", "exit 5\r"],
    ]);
    expect(code).toBe(5);
    expect(seen).toMatch(/\/dev\/pts\/\d+\r\n33 111\r\n/);
  });

  test("attaching shows and feeds the container's own process", async () => {
    const overrides = JSON.stringify({ spec: { terminationGracePeriodSeconds: 1 } });
    const run = `run shell ${image.join(" ")} --rm -it --restart=Never --overrides='${overrides}' -- sh`;
    const { code, seen } = await onTerminal(run, [
      ["# ", "echo in the container\r"],
      ["# ", "exit 6\r"],
    ]);
    expect(seen).toContain("\r\nin the container\r\n");
    expect(code).toBe(6);
    await runPod("ticker", "while true; do echo tick; sleep 0.2; done");
    expect((await at.run(["attach", "ticker"], { timeoutMs: 2000 })).stdout).toMatch(/^(tick\n){2,}/);
  });

  test("a debug container joins a running pod", async () => {
    const args = `debug -it web ${image.join(" ")} --container=dbg --target=web --profile=general -- sh`;
    const { seen } = await onTerminal(args, [
      ["# ", "hostname; wget -qO- http://127.0.0.1:8080/index.html\r"],
      ["# ", "exit\r"],
    ]);
    expect(seen).toContain("\r\nweb\r\npage\r\n");
  });

  test("logs are followed, cut, stamped, and kept of the run before", async () => {
    const { kubectl, run } = at;
    await runPod("talker", "echo first; sleep 1; echo second >&2; sleep 1; echo third; exec sleep 1000");
    const followed = run(["logs", "-f", "talker", "--since=1h"], { timeoutMs: 6000 });
    expect((await followed).stdout).toBe("first\nsecond\nthird\n");
    expect(await kubectl("logs", "talker", "--tail=1")).toBe("third\n");
    expect(await kubectl("logs", "talker", "--limit-bytes=3")).toBe("fir");
    expect(await kubectl("logs", "talker", "--timestamps", "--tail=1")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z third\n$/);
    expect(await kubectl("logs", "talker", "--all-containers", "--prefix", "--tail=1")).toContain(
      "[pod/talker/talker] third",
    );
    await at.kubectl("run", "again", ...image, "--", "sh", "-c", "echo once; exit 1");
    await eventually(
      () => run(["logs", "again", "--previous"]),
      ({ code, stdout }) => code === 0 && stdout === "once\n",
    );
  });

  test("pods and the kubelet are reached through the API server", async () => {
    const raw = (path: string) => at.kubectl("get", "--raw", `/api/v1/${path}`);
    expect(await raw("namespaces/default/pods/web:8080/proxy/index.html")).toBe("page\n");
    expect(await raw("nodes/node-a/proxy/healthz")).toBe("ok");
    expect(await raw("nodes/node-a/proxy/metrics/resource")).toContain(
      'container_memory_working_set_bytes{container="web"',
    );
    expect(await raw("nodes/node-a/proxy/metrics/cadvisor")).toContain("machine_memory_bytes ");
    const summary = JSON.parse(await raw("nodes/node-a/proxy/stats/summary")) as {
      node: { memory: { workingSetBytes: number } };
      pods: { podRef: { name: string }; containers: { name: string; memory: { workingSetBytes: number } }[] }[];
    };
    expect(summary.node.memory.workingSetBytes).toBeGreaterThan(0);
    const web = summary.pods.find(({ podRef }) => podRef.name === "web");
    // The pod has a debug container that has ended, too.
    const container = web?.containers.find(({ name }) => name === "web");
    expect(container?.memory.workingSetBytes).toBeGreaterThan(0);
    const running = JSON.parse(await raw("nodes/node-a/proxy/runningpods/")) as {
      items: { metadata: { name: string } }[];
    };
    expect(running.items.map(({ metadata }) => metadata.name)).toContain("web");
  });
});
