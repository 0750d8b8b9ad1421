import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientBinary } from "../support/binaries.ts";
import { eventually } from "../support/eventually.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
beforeAll(async () => {
  await box.start(["--ephemeral", "--nodes", "3"]);
});
afterAll(() => box.remove());

/** Runs kubectl and expects that it succeeds; gives what it printed. */
async function k(args: string | string[], input?: string): Promise<string> {
  const ran = await box.kubectl(args, { input });
  if (ran.code !== 0) throw new Error(`kubectl ${args} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran.stdout;
}

const web = (image = "nginx:1.27", replicas = 2) => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: ${image}
        ports: [{containerPort: 80, name: http}]
`;

test("apply creates, leaves alone, then configures; on the client's side", async () => {
  await k("create namespace client-side");
  const apply = (text: string) => k("apply -n client-side -f -", text);
  expect(await apply(web())).toBe("deployment.apps/web created\n");
  expect(await apply(web())).toBe("deployment.apps/web unchanged\n");
  expect(await apply(web("nginx:1.28"))).toBe("deployment.apps/web configured\n");
  await k("rollout status -n client-side deployment/web --timeout=30s");
  expect(await k("get deployment web -n client-side -o jsonpath={.spec.template.spec.containers[0].image}")).toBe(
    "nginx:1.28",
  );
});

test("apply on the server's side keeps owners apart and reports conflicts", async () => {
  await k("create namespace server-side");
  const apply = (text: string, ...more: string[]) =>
    box.kubectl(["apply", "-n", "server-side", "--server-side", ...more, "-f", "-"], { input: text });
  expect((await apply(web())).stdout).toBe("deployment.apps/web serverside-applied\n");
  const before = await k("get deployment web -n server-side -o jsonpath={.metadata.generation}");
  expect((await apply(web())).code).toBe(0);
  expect(await k("get deployment web -n server-side -o jsonpath={.metadata.generation}")).toBe(before);
  const conflict = await apply(web("nginx:1.28"), "--field-manager=other");
  expect(conflict.code).toBe(1);
  expect(conflict.stderr).toContain('conflict with "kubectl"');
  expect(conflict.stderr).toContain('.spec.template.spec.containers[name="web"].image');
  expect((await apply(web("nginx:1.28"), "--field-manager=other", "--force-conflicts")).code).toBe(0);
  expect(await k("get deployment web -n server-side -o jsonpath={.spec.template.spec.containers[0].image}")).toBe(
    "nginx:1.28",
  );
});

test("diff shows what an apply would change, and its exit code says whether", async () => {
  expect((await box.kubectl("diff -n client-side -f -", { input: web("nginx:1.28") })).code).toBe(0);
  const changed = await box.kubectl("diff -n client-side -f -", { input: web("nginx:1.29") });
  expect(changed.code).toBe(1);
  expect(changed.stdout).toMatch(/\+ *(- )?image: nginx:1\.29/);
});

test("create deployment, pods run on all nodes, get prints what users know", async () => {
  await k("create namespace get");
  await k("create deployment app --image=nginx:1.27 --replicas=3 -n get");
  await k("wait deployment/app --for=condition=Available --timeout=30s -n get");
  expect(await k("get deployment app -n get")).toMatch(
    /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\napp +3\/3 +3 +3 +\d+s\n$/,
  );
  expect(await k("get pods -n get")).toMatch(
    /^NAME +READY +STATUS +RESTARTS +AGE\n(app-[a-z0-9]+-[a-z0-9]{5} +1\/1 +Running +0 +\d+s\n){3}$/,
  );
  const wide = await k("get pods -n get -o wide");
  expect(wide).toMatch(/NODE +NOMINATED NODE +READINESS GATES/);
  expect(new Set(wide.match(/10\.244\.\d+\.\d+/g)).size).toBe(3);
  const nodes = (await k("get pods -n get -o jsonpath={.items[*].spec.nodeName}")).split(" ");
  expect(new Set(nodes).size).toBe(3);
  expect(await k("get pods -n get -o name")).toMatch(/^(pod\/app-\S+\n){3}$/);
  expect(await k("get deploy app -n get -o custom-columns=N:.metadata.name,R:.spec.replicas")).toBe(
    "N     R\napp   3\n",
  );
  expect(await k("get deploy app -n get -o yaml")).toContain("kind: Deployment");
  expect(JSON.parse(await k("get deploy app -n get -o json")).status.readyReplicas).toBe(3);
  expect(await k("get nodes")).toMatch(
    /^NAME +STATUS +ROLES +AGE +VERSION\n(\S+ +Ready +<none> +\d+s +v1\.36\.2\+sampan\n){3}$/,
  );
  expect(await k("get all -n get")).toContain("replicaset.apps/app-");
  expect(await k("get pods -A -l app=app --field-selector status.phase=Running -o name")).toContain("pod/app-");
  expect(await k("get rs -n get -o wide")).toMatch(/CONTAINERS +IMAGES +SELECTOR/);
  expect(await k("get svc kubernetes")).toMatch(/kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP/);
});

test("get -w streams changes", async () => {
  await k("create namespace watch");
  const child = spawn(clientBinary("kubectl"), ["get", "configmaps", "-n", "watch", "-w", "-o", "name"], {
    env: { ...process.env, ...box.env },
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  await eventually(
    async () => out,
    (text) => text.includes("kube-root-ca.crt"),
  );
  await k("create configmap later -n watch");
  await eventually(
    async () => out,
    (text) => text.includes("configmap/later"),
  );
  child.kill();
  await once(child, "exit");
});

test("describe reads well", async () => {
  const pod = (await k("get pods -n get -o name")).split("\n")[0] ?? "";
  const text = await eventually(
    () => k(["describe", "-n", "get", pod]),
    (t) => t.includes("Started"),
  );
  expect(text).toMatch(/Status: +Running/);
  expect(text).toMatch(/Normal +Scheduled +.*default-scheduler +Successfully assigned get\//);
  expect(text).toMatch(/Normal +Pulled +.*kubelet/);
  expect(text).toMatch(/Normal +Created +.*kubelet/);
  expect(text).toMatch(/Ready +True/);
  const deployment = await k("describe deployment app -n get");
  expect(deployment).toContain("3 desired | 3 updated | 3 total | 3 available | 0 unavailable");
  expect(deployment).toMatch(/ScalingReplicaSet +.*Scaled up replica set app-\S+ from 0 to 3/);
  const node = await k(["describe", ...(await k("get nodes -o name")).split("\n").slice(0, 1)]);
  expect(node).toContain("KubeletReady");
  expect(node).toMatch(/cpu: +8/);
  expect(node).toContain("Allocated resources");
});

test("edit changes an object with the editor's text", async () => {
  const editor = join(box.dir, "editor.sh");
  writeFileSync(editor, '#!/bin/sh\nsed -i "s/replicas: 3/replicas: 2/" "$1"\n');
  chmodSync(editor, 0o755);
  const ran = await box.kubectl("edit deployment app -n get", { env: { KUBE_EDITOR: editor } });
  expect(ran.stdout).toBe("deployment.apps/app edited\n");
  expect(await k("get deployment app -n get -o jsonpath={.spec.replicas}")).toBe("2");
});

test("label, annotate and the three kinds of patch", async () => {
  await k("label deployment app tier=front -n get");
  await k("annotate deployment app note=hello -n get");
  await k(["patch", "deployment", "app", "-n", "get", "-p", '{"spec":{"minReadySeconds":1}}']);
  await k(["patch", "deployment", "app", "-n", "get", "--type=merge", "-p", '{"spec":{"revisionHistoryLimit":3}}']);
  await k([
    "patch",
    "deployment",
    "app",
    "-n",
    "get",
    "--type=json",
    "-p",
    '[{"op":"replace","path":"/spec/minReadySeconds","value":0}]',
  ]);
  const app = JSON.parse(await k("get deployment app -n get -o json"));
  expect(app.metadata.labels.tier).toBe("front");
  expect(app.metadata.annotations.note).toBe("hello");
  expect(app.spec).toMatchObject({ revisionHistoryLimit: 3 });
  expect(app.spec.minReadySeconds ?? 0).toBe(0);
  expect((await box.kubectl("label deployment app tier=back -n get")).stderr).toContain("--overwrite is false");
});

test("scale, set image, and the rollout commands", async () => {
  await k("create namespace rollout");
  await k("create deployment r --image=nginx:1.27 --replicas=2 -n rollout");
  await k("rollout status deployment/r -n rollout --timeout=30s");
  expect(await k("scale deployment r --replicas=4 -n rollout")).toBe("deployment.apps/r scaled\n");
  await k("rollout status deployment/r -n rollout --timeout=30s");
  await k("set image deployment/r nginx=nginx:1.28 -n rollout");
  expect(await k("rollout status deployment/r -n rollout --timeout=30s")).toContain("successfully rolled out");
  expect(await k("rollout history deployment/r -n rollout")).toMatch(/REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/);
  await k("rollout undo deployment/r -n rollout");
  await k("rollout status deployment/r -n rollout --timeout=30s");
  expect(await k("get deployment r -n rollout -o jsonpath={.spec.template.spec.containers[0].image}")).toBe(
    "nginx:1.27",
  );
  await k("rollout pause deployment/r -n rollout");
  await k("set image deployment/r nginx=nginx:1.29 -n rollout");
  expect(await k("get rs -n rollout -o jsonpath={.items[*].spec.template.spec.containers[0].image}")).not.toContain(
    "1.29",
  );
  await k("rollout resume deployment/r -n rollout");
  await k("rollout status deployment/r -n rollout --timeout=30s");
  await k("rollout restart deployment/r -n rollout");
  expect(await k("rollout status deployment/r -n rollout --timeout=30s")).toContain("successfully rolled out");
  expect(await k("get pods -n rollout --no-headers")).toMatch(/^(r-\S+ +1\/1 +Running.*\n){4}/);
});

test("expose gives a service with endpoints that follow the pods", async () => {
  await k("expose deployment r --port=80 -n rollout");
  const ip = await k("get service r -n rollout -o jsonpath={.spec.clusterIP}");
  expect(ip).toMatch(/^10\.96\.\d+\.\d+$/);
  await eventually(
    () =>
      k(
        "get endpointslices -n rollout -l kubernetes.io/service-name=r -o jsonpath={.items[*].endpoints[*].addresses[0]}",
      ),
    (addresses) => addresses.split(" ").length === 4,
  );
  expect(await k("describe service r -n rollout")).toMatch(/Endpoints: +10\.244\./);
});

test("delete, wait and delete namespace empty what they name", async () => {
  await k("create namespace gone");
  await k("create deployment d --image=nginx --replicas=2 -n gone");
  await k("rollout status deployment/d -n gone --timeout=30s");
  expect(await k("delete deployment d -n gone")).toMatch(/^deployment.apps "d" deleted/);
  await eventually(
    () => k("get pods,rs -n gone -o name"),
    (names) => names === "",
  );
  await k("create configmap c -n gone");
  await k("delete namespace gone --timeout=30s");
  expect((await box.kubectl("get namespace gone")).stderr).toContain('namespaces "gone" not found');
});

test("explain, api-resources, cluster-info, events, auth can-i", async () => {
  const recursive = await k("explain deployment --recursive");
  expect(recursive).toContain("KIND:       Deployment");
  expect(recursive).toContain("progressDeadlineSeconds");
  expect(await k("explain pod.spec.containers.image")).toContain("FIELD: image <string>");
  expect(await k("explain pod.spec.restartPolicy")).toContain("ENUM:\n    Always\n    Never\n    OnFailure\n");
  // The field's own text comes before that of its type, also in the older form.
  const resources =
    /DESCRIPTION:\s+Compute Resources required by this container\.[\s\S]*ResourceRequirements describes/;
  expect(await k("explain pod.spec.containers.resources")).toMatch(resources);
  expect(await k("explain pod.spec.containers.resources --output=plaintext-openapiv2")).toMatch(resources);
  const listed = await k("api-resources");
  expect(listed).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
  expect(listed.split("\n").length).toBeGreaterThan(60);
  expect(await k("cluster-info")).toContain("is running at");
  expect(await k("events -n get")).toContain("ScalingReplicaSet");
  expect(await k("auth can-i create pods")).toBe("yes\n");
  expect((await box.kubectl("auth can-i create pods --as=nobody")).stdout).toBe("no\n");
  expect(await k("version")).toContain("v1.36.2+sampan");
});

test("top says that there are no metrics", async () => {
  const top = await box.kubectl("top nodes");
  expect(top.code).toBe(1);
  expect(top.stderr).toContain("Metrics API not available");
});

test("cordon, drain, taint and uncordon move pods", async () => {
  await k("create namespace drain");
  await k("create deployment d --image=nginx --replicas=6 -n drain");
  await k("rollout status deployment/d -n drain --timeout=30s");
  const node = (await k("get nodes -o jsonpath={.items[0].metadata.name}")).trim();
  expect(await k(`cordon ${node}`)).toBe(`node/${node} cordoned\n`);
  expect(await k("get nodes")).toContain("Ready,SchedulingDisabled");
  await k(`drain ${node} --ignore-daemonsets --force --delete-emptydir-data --grace-period=1 --timeout=60s`);
  await k("rollout status deployment/d -n drain --timeout=30s");
  expect(await k(`get pods -A --field-selector spec.nodeName=${node} -o name`)).toBe("");
  await k(`uncordon ${node}`);
  await k(`taint nodes ${node} special=yes:NoSchedule`);
  expect(await k(`get node ${node} -o jsonpath={.spec.taints[0].key}`)).toBe("special");
  await k(`taint nodes ${node} special-`);
});

test("a pod that fits nowhere says why in its condition and event", async () => {
  await k(
    "apply -f -",
    `
apiVersion: v1
kind: Pod
metadata: {name: huge}
spec:
  containers: [{name: c, image: nginx, resources: {requests: {cpu: "100"}}}]
`,
  );
  const message = await eventually(
    () => k(["get", "pod", "huge", "-o", 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}']),
    (text) => text !== "",
  );
  expect(message).toBe(
    "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  );
  expect(
    await eventually(
      () => k("describe pod huge"),
      (text) => text.includes("FailedScheduling"),
    ),
  ).toContain("Insufficient cpu");
  await k("delete pod huge");
});

test("logs of a simulated container", async () => {
  const text = await k("logs deployment/app -n get");
  expect(text).not.toBe("");
});

test("bad input gets a clear answer and changes nothing", async () => {
  const bad = async (text: string, ...more: string[]) => {
    const ran = await box.kubectl(["apply", "-f", "-", ...more], { input: text });
    expect(ran.code, text).not.toBe(0);
    expect(ran.stderr).not.toContain("Internal");
    return ran.stderr;
  };
  expect(await bad("kind: Deployment\n  broken: [")).toContain("error");
  expect(await bad(web().replace("replicas: 2", "replicas: many"))).toContain("replicas");
  expect(await bad(web().replace("replicas: 2", "replicaz: 2"))).toContain('unknown field "spec.replicaz"');
  expect(await bad(web().replace("image: nginx:1.27", 'image: ""'))).toContain("Required value");
  expect(await bad(web().replace("matchLabels: {app: web}", "matchLabels: {app: other}"))).toContain(
    "`selector` does not match template `labels`",
  );
  expect((await box.kubectl("get deployment web")).stderr).toContain("NotFound");
});
