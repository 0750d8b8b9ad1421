// How long a pod takes from its creation through the API until it is Ready on a real node (containerd, image present): one
// by one, then many at once; and what the kubelet costs while they only run. Needs root and containerd. Prints milliseconds.
// usage: node bench/node.ts [--pods 20] [--at-once 30] [--idle 100]
import { parseArgs } from "node:util";
import type { Pod } from "../src/api/types/index.ts";
import { resources } from "../src/index.ts";
import { boxPod, isReady, RealNodeBox } from "../test/support/containerd/index.ts";

const { values: flags } = parseArgs({
  options: {
    pods: { type: "string", default: "20" },
    "at-once": { type: "string", default: "30" },
    idle: { type: "string", default: "0" },
  },
});

const box = await RealNodeBox.start({ node: { name: "node-1", ip: "127.0.0.1", pods: 250 } });
const runtimeMs = watchRuntime();
const waiting = new Map<string, (at: number) => void>();
try {
  const pods = box.client.resource(resources.pods);
  const namespace = await box.namespace();
  const watching = await pods.watch(
    { namespace },
    {
      events: (batch) => {
        for (const event of batch) {
          if (event.type !== "MODIFIED") continue;
          const pod = event.object as Pod;
          if (isReady(pod)) waiting.get(pod.metadata.name ?? "")?.(performance.now());
        }
      },
      end: () => undefined,
    },
  );
  const make = async (name: string): Promise<number> => {
    const begun = performance.now();
    const ready = new Promise<number>((resolve) => waiting.set(name, resolve));
    await box.create(namespace, boxPod(name, "exec sleep 100000"));
    return (await ready) - begun;
  };

  const one: number[] = [];
  runtimeMs.clear();
  for (let i = 0; i < Number(flags.pods); i++) one.push(await make(`one-${i}`));
  report("one by one", one);
  const calls = [...runtimeMs].map(([call, times]) => ({
    call,
    "median ms": round(percentile(times, 0.5)),
    times: times.length,
  }));
  console.table(calls.filter(({ times }) => times >= one.length));

  const begun = performance.now();
  const many = await Promise.all(Array.from({ length: Number(flags["at-once"]) }, (_, i) => make(`many-${i}`)));
  report(`${many.length} at once (all Ready after ${round(performance.now() - begun)} ms)`, many);

  const idle = Number(flags.idle) - one.length - many.length;
  if (idle > 0) {
    await Promise.all(Array.from({ length: idle }, (_, i) => make(`idle-${i}`)));
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    const [cpu, at] = [process.cpuUsage(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 30_000));
    const used = process.cpuUsage(cpu);
    const share = ((used.user + used.system) / 1000 / (performance.now() - at)) * 100;
    const memory = Math.round(process.memoryUsage().rss / 1024 / 1024);
    console.log(
      `${flags.idle} pods idle: ${share.toFixed(1)} % of one core, ${memory} MiB, API server and controllers included`,
    );
  }
  watching.stop();
} finally {
  await box.stop();
}

/** Times of the calls to the runtime, by name. */
function watchRuntime(): Map<string, number[]> {
  const times = new Map<string, number[]>();
  const runtime = box.kubelet.node.runtime as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const name of ["runPodSandbox", "createContainer", "startContainer", "imageStatus", "podSandboxStatus"]) {
    const call = runtime[name]?.bind(runtime);
    if (call === undefined) continue;
    runtime[name] = async (...args) => {
      const begun = performance.now();
      try {
        return await call(...args);
      } finally {
        times.set(name, [...(times.get(name) ?? []), performance.now() - begun]);
      }
    };
  }
  return times;
}

function report(what: string, times: readonly number[]): void {
  console.log(`${what}: p50 ${round(percentile(times, 0.5))} ms, p90 ${round(percentile(times, 0.9))} ms`);
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function round(ms: number): number {
  return Math.round(ms);
}
