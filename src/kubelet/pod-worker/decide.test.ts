import { describe, expect, test } from "vitest";
import type { Container, Pod } from "../../api/types/index.ts";
import { decide } from "./decide.ts";
import type { ObservedContainer, ObservedPod } from "./observed.ts";
import { specHashOf } from "./pod-spec.ts";
import { emptyMemory, type Plan, type PodMemory, type Situation } from "./situation.ts";

const start = Date.UTC(2026, 0, 1);
const sandbox = { id: "s0", attempt: 0, ready: true, ips: ["10.0.0.2"], createdAtMs: start };

function container(name: string, more: Partial<Container> = {}): Container {
  return { name, image: "img:1", ...more };
}

function podWith(spec: Partial<NonNullable<Pod["spec"]>>, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "ns", uid: "u", ...metadata },
    spec: { containers: [container("a")], ...spec },
  };
}

function seen(name: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
  const attempt = more.attempt ?? 0;
  return {
    id: `${name}${attempt}`,
    name,
    sandboxId: sandbox.id,
    attempt,
    state: "running",
    specHash: specHashOf(container(name)),
    image: "img:1",
    imageRef: "sha256:1",
    createdAtMs: start,
    startedAtMs: start,
    ...more,
  };
}

function exited(name: string, exitCode: number, more: Partial<ObservedContainer> = {}): ObservedContainer {
  return seen(name, { state: "exited", exitCode, finishedAtMs: start + 1000, ...more });
}

interface Case {
  readonly pod?: Pod;
  readonly containers?: readonly ObservedContainer[];
  readonly observed?: Partial<ObservedPod>;
  readonly memory?: Partial<PodMemory>;
  readonly atMs?: number;
  readonly networkReady?: boolean;
}

function situation({
  pod = podWith({}),
  containers = [],
  observed,
  memory,
  atMs = 1000,
  networkReady,
}: Case): Situation {
  return {
    pod,
    observed: { sandbox, olderSandboxIds: [], containers, ...observed },
    now: start + atMs,
    startTimeMs: start,
    networkReady: networkReady ?? true,
    memory: { ...emptyMemory, ...memory },
  };
}

/** Actions in short: `start a#1`, `kill a 30s: why`, `createSandbox 0`, ... and `ended`. */
function inShort(plan: Plan): string[] {
  const actions = plan.actions.map((action) => {
    switch (action.kind) {
      case "createSandbox":
        return `createSandbox ${action.attempt}`;
      case "start":
        return `start ${action.role} ${action.container.name}#${action.attempt}`;
      case "kill":
        return `kill ${action.name} ${action.graceSeconds}s: ${action.message}`;
      case "resize":
        return `resize ${action.container.name}`;
      case "stopSandbox":
      case "removeSandbox":
      case "removeContainer":
        return `${action.kind} ${action.id}`;
      default:
        return action satisfies never;
    }
  });
  return plan.ended ? [...actions, "ended"] : actions;
}

const none = { sandbox: undefined };
const dead = { sandbox: { ...sandbox, ready: false } };
const started = (...ids: string[]) => new Map(ids.map((id) => [id, { started: true, ready: true }]));
const withInit = podWith({ initContainers: [container("i1"), container("i2")] });
const withSidecar = podWith({
  restartPolicy: "Never",
  initContainers: [container("side1", { restartPolicy: "Always" }), container("side2", { restartPolicy: "Always" })],
});
const never = podWith({ restartPolicy: "Never" });
const onFailure = podWith({ restartPolicy: "OnFailure" });
const deleted = podWith({}, { deletionTimestamp: "2026-01-01T00:00:30Z", deletionGracePeriodSeconds: 30 });

describe("what is done next", () => {
  const table: [string, Case, string[]][] = [
    ["a new pod gets its sandbox", { observed: none }, ["createSandbox 0"]],
    ["nothing can be made before the node has addresses", { observed: none, networkReady: false }, []],
    [
      "a pod of the host's network needs none",
      { pod: podWith({ hostNetwork: true }), observed: none, networkReady: false },
      ["createSandbox 0"],
    ],
    [
      "containers start together",
      { pod: podWith({ containers: [container("a"), container("b")] }) },
      ["start main a#0", "start main b#0"],
    ],
    ["what runs is left alone", { containers: [seen("a")] }, []],
    ["init containers come first, one by one", { pod: withInit }, ["start init i1#0"]],
    ["the next waits for the one before", { pod: withInit, containers: [seen("i1")] }, []],
    ["the second follows the first", { pod: withInit, containers: [exited("i1", 0)] }, ["start init i2#0"]],
    [
      "main containers follow the last",
      { pod: withInit, containers: [exited("i1", 0), exited("i2", 0)] },
      ["start main a#0"],
    ],
    [
      "an init container that failed is tried again",
      { pod: withInit, containers: [exited("i1", 1)] },
      ["start init i1#1"],
    ],
    [
      "where nothing is restarted, a failed init container ends the pod",
      { pod: podWith({ restartPolicy: "Never", initContainers: [container("i1")] }), containers: [exited("i1", 1)] },
      ["stopSandbox s0"],
    ],
    ["a sidecar starts before the others", { pod: withSidecar }, ["start sidecar side1#0"]],
    ["the next waits until a sidecar has started", { pod: withSidecar, containers: [seen("side1")] }, []],
    [
      "a started sidecar lets the next start",
      { pod: withSidecar, containers: [seen("side1")], memory: { health: started("side10") } },
      ["start sidecar side2#0"],
    ],
    [
      "a sidecar that ends is started again beside running containers",
      {
        pod: withSidecar,
        containers: [exited("side1", 0), seen("side2"), seen("a")],
        memory: { health: started("side20") },
      },
      ["start sidecar side1#1"],
    ],
    [
      "sidecars end in reverse order when the main containers have completed",
      { pod: withSidecar, containers: [seen("side1"), seen("side2"), exited("a", 0)] },
      ["kill side2 30s: Stopping container side2"],
    ],
    [
      "the first sidecar ends last, with what is left of the grace period",
      {
        pod: withSidecar,
        containers: [seen("side1"), exited("side2", 137), exited("a", 0)],
        memory: { ending: { cause: "completed", sinceMs: start } },
        atMs: 12_000,
      },
      ["kill side1 18s: Stopping container side1"],
    ],
    ["Always restarts what completed", { containers: [exited("a", 0)] }, ["start main a#1"]],
    ["OnFailure restarts what failed", { pod: onFailure, containers: [exited("a", 2)] }, ["start main a#1"]],
    ["OnFailure lets what completed be", { pod: onFailure, containers: [exited("a", 0)] }, ["stopSandbox s0"]],
    ["Never lets what failed be", { pod: never, containers: [exited("a", 2)] }, ["stopSandbox s0"]],
    [
      "a completed pod is over when its sandbox is",
      { pod: never, containers: [exited("a", 0)], observed: dead },
      ["ended"],
    ],
    [
      "a container rule comes before the pod's policy",
      {
        pod: podWith({
          restartPolicy: "Never",
          containers: [
            container("a", {
              restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
            }),
          ],
        }),
        containers: [exited("a", 42)],
      },
      ["start main a#1"],
    ],
    [
      "a changed image ends the container",
      { containers: [seen("a", { specHash: "old" })] },
      ["kill a 30s: Container a definition changed, will be restarted"],
    ],
    [
      "and only once",
      { containers: [seen("a", { specHash: "old" })], memory: { killing: new Map([["a0", start]]) } },
      [],
    ],
    [
      "a failed liveness probe ends the container with the probe's grace",
      {
        containers: [seen("a")],
        memory: {
          health: new Map([["a0", { started: true, ready: true, failed: { probe: "liveness", graceSeconds: 5 } }]]),
        },
      },
      ["kill a 5s: Container a failed liveness probe, will be restarted"],
    ],
    [
      "a dead sandbox is replaced",
      { observed: dead, containers: [exited("a", 137)] },
      ["stopSandbox s0", "createSandbox 1"],
    ],
    [
      "what still runs in a dead sandbox ends first",
      { observed: dead, containers: [seen("a")] },
      ["kill a 30s: Stopping container a"],
    ],
    [
      "in a new sandbox all is started again, counting on",
      { observed: { sandbox: { ...sandbox, id: "s1", attempt: 1 } }, containers: [exited("a", 137)] },
      ["start main a#1"],
    ],
    ["deletion ends what runs", { pod: deleted, containers: [seen("a")] }, ["kill a 30s: Stopping container a"]],
    [
      "a deletion with less grace overtakes",
      {
        pod: podWith({}, { ...deleted.metadata, deletionGracePeriodSeconds: 3 }),
        containers: [seen("a")],
        memory: { killing: new Map([["a0", start + 31_000]]), ending: { cause: "deleted", sinceMs: start } },
      },
      ["kill a 3s: "],
    ],
    ["a deleted pod is over when nothing is left", { pod: deleted, observed: none }, ["ended"]],
    [
      "the deadline ends what runs",
      { pod: podWith({ activeDeadlineSeconds: 1 }), containers: [seen("a")] },
      ["kill a 30s: Stopping container a"],
    ],
    [
      "a pod that another wrote to be over ends without a word",
      { pod: { ...podWith({}), status: { phase: "Failed" } }, containers: [seen("a")] },
      ["kill a 30s: "],
    ],
    [
      "older runs than the last two are forgotten",
      { containers: [seen("a", { attempt: 2 }), exited("a", 1, { attempt: 1 }), exited("a", 1)] },
      ["removeContainer a0"],
    ],
  ];
  test.each(table)("%s", (_, given, wanted) => {
    expect(inShort(decide(situation(given)))).toEqual(wanted);
  });
});

describe("back-off", () => {
  const crash = (attempt: number, finishedAtMs: number) => exited("a", 1, { attempt, finishedAtMs });

  test("the first restart is at once, later ones wait 10 s, doubling to 5 min", () => {
    let memory: Partial<PodMemory> = {};
    let now = start;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      const containers = [crash(attempt, now)];
      let plan = decide(situation({ containers, memory, atMs: now - start }));
      const crashedAt = now;
      while (plan.actions.length === 0 && plan.wakeAtMs !== undefined) {
        expect(plan.waiting.get("a")?.reason).toBe("CrashLoopBackOff");
        now = plan.wakeAtMs;
        memory = { backoffs: plan.backoffs, waiting: plan.waiting };
        plan = decide(situation({ containers, memory, atMs: now - start }));
      }
      waits.push((now - crashedAt) / 1000);
      memory = { backoffs: plan.backoffs, waiting: plan.waiting };
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  test("a container that ran for more than ten minutes begins anew", () => {
    const backoffs = new Map([[`a\0${specHashOf(container("a"))}`, { delayMs: 300_000, updatedAtMs: start }]]);
    const finishedAtMs = start + 601_000;
    const plan = decide(situation({ containers: [crash(3, finishedAtMs)], memory: { backoffs }, atMs: 601_000 }));
    expect(inShort(plan)).toEqual(["start main a#4"]);
    expect([...plan.backoffs.values()]).toEqual([{ delayMs: 10_000, updatedAtMs: start + 601_000 }]);
  });

  test("each look at a waiting container tells of it", () => {
    const backoffs = new Map([[`a\0${specHashOf(container("a"))}`, { delayMs: 10_000, updatedAtMs: start }]]);
    const plan = decide(situation({ containers: [crash(1, start + 1000)], memory: { backoffs } }));
    expect(plan.events).toEqual([
      {
        type: "Warning",
        reason: "BackOff",
        message: "Back-off restarting failed container a in pod p_ns(u)",
        container: "a",
      },
    ]);
    expect(plan.waiting.get("a")?.message).toBe("back-off 10s restarting failed container=a pod=p_ns(u)");
  });
});
