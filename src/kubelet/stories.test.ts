import { existsSync, readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Pod, PodStatus } from "../api/types/index.ts";
import { resources } from "../client/index.ts";
import { type PodDraft, type TestCluster, testCluster } from "./testing/cluster-suite.ts";

const file = new URL("../../../shared/spec/stories.yaml", import.meta.url);
const recorded = existsSync(file);

interface Act {
  readonly create?: { readonly kind: string } & PodDraft;
  readonly delete?: string;
  readonly patch?: string;
  readonly with?: object;
  readonly waitSeconds?: number;
  readonly objects?: { readonly Pod: readonly Pod[] };
}

interface Story {
  readonly story: string;
  readonly acts: readonly Act[];
  readonly events: readonly {
    type: string;
    reason: string;
    message: string;
    regarding: string;
    by: string;
    count: number;
  }[];
}

/**
 * What simulated containers show as the original kubelet's did. Left out: the liveness story (its box lacks `false`, so
 * that its probe could not be run), the one of the image that changes in place (its nginx ignores TERM).
 */
const playable = [
  "pod: init containers in order, then two containers",
  "pod: init container fails, never restarts",
  "pod: crash loop",
  "pod: runs to completion, OnFailure",
  "pod: fails once, Never",
  "pod: readiness probe fails, then passes",
  "pod: startup probe holds the others back",
  "pod: http probe refused",
  "pod: postStart fails",
  "pod: preStop runs before the end",
  "pod: image absent and never pulled; impossible name",
  "pod: sidecar starts first and ends last",
  "pod: active deadline",
  "pod: missing config map and secret",
  "pod: killed for memory",
  "pod: quality of service classes",
];

const stories: readonly Story[] = recorded
  ? parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as Story)
  : [];

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

for (const name of playable) {
  // Skipped where the recording of the original is absent.
  test.skipIf(!recorded)(`as the original: ${name}`, async () => {
    const story = stories.find((one) => one.story === name);
    if (story === undefined) throw new Error(`no story ${name} is recorded`);
    await play(await (async () => (cluster = await testCluster()))(), story);
  });
}

async function play(on: TestCluster, { acts, events }: Story): Promise<void> {
  // The original takes about a second to start a pod; here it takes none.
  let early = 0.5;
  for (const act of acts) {
    if (act.create !== undefined) await on.run(withDefaults(act.create));
    if (act.waitSeconds !== undefined) await on.seconds(act.waitSeconds - early);
    if (act.waitSeconds !== undefined) early = 0;
    const [, name = ""] = (act.delete ?? "").split("/");
    if (name !== "") await on.client.resource(resources.pods).delete({ namespace: "default", name });
    for (const wanted of act.objects?.Pod ?? []) {
      const found = await on.pod(wanted.metadata.name ?? "");
      expect(comparable(found.status), wanted.metadata.name).toEqual(comparable(wanted.status));
    }
    if (act.objects?.Pod.length === 0) expect(await on.findPod("p")).toBeUndefined();
  }
  const told = events.filter(({ by }) => by === "kubelet");
  expect(await kubeletEvents(on)).toEqual(told.map(eventLine).sort());
}

/** What admission adds to pods of a cluster with service accounts; how they are scheduled is left out. */
function withDefaults(draft: PodDraft): PodDraft {
  const mount = {
    name: "kube-api-access-<x>",
    readOnly: true,
    mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
  };
  const volume = { name: "kube-api-access-<x>", emptyDir: {} };
  const spec = draft.spec ?? { containers: [] };
  const mounted = <T extends { volumeMounts?: object[] }>(container: T): T => ({
    ...container,
    volumeMounts: [...(container.volumeMounts ?? []), { ...mount, name: "kube-api-access" }],
  });
  return {
    metadata: draft.metadata,
    spec: {
      ...spec,
      volumes: [...(spec.volumes ?? []), { ...volume, name: "kube-api-access" }],
      containers: spec.containers.map(mounted),
      ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(mounted) }),
    },
  };
}

/** A status without what differs from run to run; limits of memory that the recording machine's cgroups made up. */
function comparable(status: PodStatus | undefined): unknown {
  const text = JSON.stringify(status)
    .replace(/"\d{4}-\d\d-\d\dT[\d:]+Z"/g, '"<time>"')
    .replace(/sha256:[0-9a-f]{64}/g, "<image>")
    .replace(/containerd:\/\/[0-9a-f]{64}/g, "<container>")
    .replace(/10\.244\.0\.\d+/g, "<ip>")
    .replaceAll("kube-api-access-<x>", "kube-api-access")
    .replaceAll('"limits":{"memory":"9007199254740988Ki"}', "")
    .replace(/"cpu":"[^"]+"/g, '"cpu":"<cpu>"');
  return JSON.parse(text);
}

async function kubeletEvents(on: TestCluster): Promise<string[]> {
  const { items } = await on.client.resource(resources.events).list({ namespace: "default" });
  return items
    .filter(({ involvedObject }) => involvedObject.kind === "Pod")
    .map(({ type = "", reason = "", message = "", involvedObject, count = 0 }) =>
      eventLine({ type, reason, message, regarding: `Pod/${involvedObject.name}`, count }),
    )
    .sort();
}

/** Events are compared without their order, and those of probes and deadlines without their count. */
function eventLine(event: { type: string; reason: string; message: string; regarding: string; count: number }): string {
  const text = event.message.replace(/_(\{ns\}|default)\([^)]*\)/, "_ns(uid)").replace(/10\.244\.0\.\d+/g, "<ip>");
  const count = ["Unhealthy", "DeadlineExceeded"].includes(event.reason) ? "some" : event.count;
  return `${event.regarding} ${event.type} ${event.reason}: ${text} (${count})`;
}
