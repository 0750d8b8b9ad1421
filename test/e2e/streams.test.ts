// Commands, terminals, ports, logs and copies on simulated nodes, with a real kubectl, over WebSocket and over SPDY.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientBinary } from "../support/binaries.ts";
import { eventually } from "../support/eventually.ts";
import { type Kubectl, kubectlIn } from "../support/kubectl.ts";
import { missing } from "../support/requires.ts";
import { Sandbox } from "../support/sampan.ts";
import { onTerminal as typeOn } from "../support/terminal.ts";

const box = new Sandbox();
const folder = mkdtempSync(join(tmpdir(), "sampan-streams-"));
let kubectl: Kubectl;
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "2"]);
  kubectl = await kubectlIn(box, "streams");
  const { k } = kubectl;
  await k("run web --image=nginx --port=80");
  await k(["run", "ticker", "--image=busybox", "--", "sh", "-c", "echo first; sleep 1; echo second; sleep 3600"]);
  await k("wait pod/web pod/ticker --for=condition=Ready --timeout=30s");
});
afterAll(async () => {
  await box.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** The two protocols that kubectl speaks, the first of which it prefers. */
const protocols = [
  ["WebSocket", {}],
  ["SPDY", { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" }],
] as const;

/** Runs kubectl on a terminal. */
function onTerminal(args: string, typed: Parameters<typeof typeOn>[1]) {
  return typeOn(`${clientBinary("kubectl")} --namespace streams ${args}`, typed, box.env);
}

describe.each(protocols)("over %s", (protocol, env) => {
  test("a command runs, reads, prints on both streams and tells its exit code", async () => {
    const { run } = kubectl;
    expect(await run("exec web -- echo hello", { env })).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
    const failed = await run(["exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 7"], { env });
    expect(failed).toMatchObject({ code: 7, stdout: "out\n" });
    expect(failed.stderr).toBe("err\ncommand terminated with exit code 7\n");
    const copied = "x".repeat(300_000);
    expect((await run("exec -i web -- cat", { env, input: copied })).stdout).toBe(copied);
    const shell = await run("exec -i web -- sh", { env, input: "N=3\necho $N\nhostname\nexit 4\n" });
    expect(shell).toMatchObject({ code: 4, stdout: "3\nweb\n" });
  });

  test("a program that is not there is said to be missing", async () => {
    const { code, stderr } = await kubectl.run("exec web -- nosuch", { env });
    expect(code).toBe(1);
    expect(stderr).toContain('exec: "nosuch": executable file not found in $PATH');
  });

  test("ports are forwarded", async () => {
    const args = ["--namespace", "streams", "port-forward", "pod/web", ":80"];
    const child: ChildProcess = spawn(clientBinary("kubectl"), args, { env: { ...process.env, ...box.env, ...env } });
    try {
      const port = await new Promise<string>((resolve) =>
        child.stdout
          ?.setEncoding("utf8")
          .once("data", (text: string) => resolve(/127\.0\.0\.1:(\d+)/.exec(text)?.[1] ?? "")),
      );
      for (const path of ["/hostname", "/echo?msg=web"]) {
        expect(await (await fetch(`http://127.0.0.1:${port}${path}`)).text()).toBe("web");
      }
    } finally {
      child.kill("SIGKILL");
    }
  });

  test("files are copied in and out", async () => {
    const { run } = kubectl;
    const file = join(folder, `${protocol}.txt`);
    writeFileSync(file, `copied over ${protocol}\n`);
    expect(await run(["cp", file, `web:/tmp/${protocol}.txt`], { env })).toMatchObject({ code: 0, stderr: "" });
    expect((await run(`exec web -- cat /tmp/${protocol}.txt`, { env })).stdout).toBe(`copied over ${protocol}\n`);
    const back = join(folder, `${protocol}.back`);
    expect(await run(["cp", `web:/tmp/${protocol}.txt`, back], { env })).toMatchObject({ code: 0 });
    expect(readFileSync(back, "utf8")).toBe(`copied over ${protocol}\n`);
  });
});

describe.skipIf(missing({ programs: { script: "bsdutils" } }))("on a terminal", () => {
  test("a shell shows what is typed and ends with its exit code", async () => {
    const { code, seen } = await onTerminal("exec -it web -- sh", [
      ["/ # ", "echo on a terninal\x7f\x7f\x7f\x7f\x7fminal\r"],
      ["/ # ", "sleep 3600\r"],
      ["sleep 3600\r\n", "\x03"],
      ["/ # ", "exit 5\r"],
    ]);
    expect(code).toBe(5);
    expect(seen).toContain("\r\non a terminal\r\n");
    expect(seen).toContain("^C");
  });

  test("a pod runs as long as its shell, and a debug container beside it", async () => {
    const ran = await onTerminal("run --rm -it shell --image=busybox --restart=Never -- sh", [
      ["/ # ", "echo inside\r"],
      ["/ # ", "exit 6\r"],
    ]);
    expect(ran.seen).toContain("\r\ninside\r\n");
    expect(ran.code).toBe(6);
    const debug = await onTerminal("debug -it web --image=busybox --container=dbg --target=web --profile=general", [
      ["/ # ", "hostname\r"],
      ["/ # ", "exit\r"],
    ]);
    expect(debug.seen).toContain("\r\nweb\r\n");
    const { k } = kubectl;
    expect(await k("get pod web -o jsonpath={.spec.ephemeralContainers[*].name}")).toBe("dbg");
    await eventually(
      () => k("get pod web -o jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"),
      (code) => code === "0",
    );
  });
});

test("attaching shows what a container prints from then on", async () => {
  const { k } = kubectl;
  await k(["run", "clock", "--image=busybox", "--", "sh", "-c", "while true; do echo tick; sleep 0.2; done"]);
  await k("wait pod/clock --for=condition=Ready --timeout=30s");
  const ran = await kubectl.run("attach clock", { timeoutMs: 1500 });
  expect(ran.stdout).toMatch(/^(tick\n){2,}/);
});

test("logs are followed, cut, stamped, and kept of the run before", async () => {
  const { k, fails } = kubectl;
  expect(await k("logs ticker")).toBe("first\nsecond\n");
  expect(await k("logs ticker --tail=1")).toBe("second\n");
  expect(await k("logs ticker --limit-bytes=3")).toBe("fir");
  expect(await k("logs ticker --timestamps --tail=1")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z second\n$/);
  expect(await k("logs ticker --since=1h -c ticker")).toBe("first\nsecond\n");
  expect(await k("logs web --all-containers --prefix")).toContain("[pod/web/web] simulated container web");
  expect(await fails("logs ticker --previous")).toContain(
    'previous terminated container "ticker" in pod "ticker" not found',
  );
  await k(["run", "ends", "--image=busybox", "--restart=Never", "--", "sh", "-c", "echo a; sleep 1; echo b"]);
  await k("wait pod/ends --for=jsonpath={.status.containerStatuses[0].started}=true --timeout=30s");
  expect(await k("logs -f ends")).toBe("a\nb\n");
  await k(["run", "again", "--image=busybox", "--", "sh", "-c", "echo once; exit 1"]);
  await eventually(
    () => kubectl.run("logs again --previous"),
    ({ code, stdout }) => code === 0 && stdout === "once\n",
  );
});

test("pods, services and nodes are reached through the API server", async () => {
  const { k, fails } = kubectl;
  await k("expose pod web --port=8080 --target-port=80");
  const raw = (path: string) => k(["get", "--raw", `/api/v1/${path}`]);
  await eventually(
    () =>
      k("get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[0].endpoints[0].conditions.ready}"),
    (ready) => ready === "true",
  );
  for (const name of ["pods/web/proxy", "pods/web:80/proxy", "services/web/proxy", "services/http:web:8080/proxy"]) {
    expect(await raw(`namespaces/streams/${name}/hostname`)).toBe("web");
  }
  expect(await fails(["get", "--raw", "/api/v1/namespaces/streams/services/web:9/proxy/"])).toContain(
    'no service port 9 found for service "web"',
  );
  const node = await k("get pod web -o jsonpath={.spec.nodeName}");
  expect(await raw(`nodes/${node}/proxy/healthz`)).toBe("ok");
  const pods = JSON.parse(await raw(`nodes/${node}/proxy/pods`)) as { items: { metadata: { name: string } }[] };
  expect(pods.items.map(({ metadata }) => metadata.name)).toContain("web");
  const summary = JSON.parse(await raw(`nodes/${node}:10250/proxy/stats/summary`)) as { node: { nodeName: string } };
  expect(summary.node.nodeName).toBe(node);
});

test("what is wrong with a request is told before anything runs", async () => {
  const { k, fails } = kubectl;
  expect(await fails("exec web -c nope -- date")).toContain("container nope is not valid for pod web");
  expect(await fails("exec nope -- date")).toContain('pods "nope" not found');
  const nowhere = { nodeSelector: { no: "where" }, containers: [{ name: "c", image: "app" }] };
  await k("create -f -", JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "u" }, spec: nowhere }));
  expect(await fails("exec u -- date")).toContain("pod u does not have a host assigned");
  expect(await k("logs u")).toBe("");
});

test("who may only get pods/exec runs no command", async () => {
  const { k, fails } = kubectl;
  await k("create role reader --verb=get,list --resource=pods,pods/exec,pods/log,pods/attach,pods/portforward");
  await k("create rolebinding reader --role=reader --user=jane");
  const refused = 'cannot create resource "pods/exec" in API group "" in the namespace "streams"';
  expect(await fails("exec web --as=jane -- echo hello")).toContain(refused);
  expect(await k("logs ticker --as=jane --tail=1")).toBe("second\n");
  await k("create role runner --verb=create --resource=pods/exec");
  await k("create rolebinding runner --role=runner --user=jane");
  expect(await k("exec web --as=jane -- echo hello")).toBe("hello\n");
});

test("a policy decides which commands may be run", async () => {
  const { k, fails } = kubectl;
  const rules = [{ apiGroups: [""], apiVersions: ["v1"], resources: ["pods/exec"], operations: ["CONNECT"] }];
  const policy = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "no-rm" },
    spec: {
      matchConstraints: { resourceRules: rules },
      validations: [{ expression: "object.command[0] != 'rm'", message: "nothing is removed by hand" }],
    },
  };
  const binding = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "no-rm" },
    spec: { policyName: "no-rm", validationActions: ["Deny"] },
  };
  for (const object of [policy, binding]) await k("create -f -", JSON.stringify(object));
  await eventually(
    () => kubectl.run("exec web -- rm /tmp/none"),
    ({ code }) => code !== 0,
  );
  expect(await fails("exec web -- rm /tmp/none")).toContain("nothing is removed by hand");
  expect(await k("exec web -- echo hello")).toBe("hello\n");
});
