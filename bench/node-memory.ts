// What the process of `sampan kubelet` takes of memory and processor time while pods only run: the built command, on a containerd
// of its own. Needs root, containerd and `npm run build`.
// usage: node bench/node-memory.ts [--pods 100] [--idle-s 20]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cleanUp, place, start, up } from "../test/support/real-commands.ts";

const { values: flags } = parseArgs({
  options: { pods: { type: "string", default: "100" }, "idle-s": { type: "string", default: "20" } },
});
const command = fileURLToPath(new URL("../bin/sampan.js", import.meta.url));

try {
  const at = await place();
  await start([...up(at), "--nodes=0"], (output) => output.includes('"ready":true'));
  const own = [
    "--kubeconfig",
    at.kubeconfig,
    "--node-name=node-a",
    "--port=0",
    "--address=127.0.0.1",
    "--max-pods=250",
  ];
  const kubelet = spawn(process.execPath, [command, "kubelet", ...own, ...at.machine], { stdio: "inherit" });
  try {
    const pid = kubelet.pid ?? 0;
    await at.kubectl("wait", "--for=create", "node/node-a", "--timeout=60s");
    await at.kubectl("wait", "node/node-a", "--for=condition=Ready", "--timeout=60s");
    await report(pid, "no pods");
    const spec = { image: "docker.io/library/busybox:latest", pull: "Never", script: "exec sleep 100000" };
    const run = (i: number) =>
      at.kubectl(
        "run",
        `p${i}`,
        `--image=${spec.image}`,
        `--image-pull-policy=${spec.pull}`,
        "--",
        "sh",
        "-c",
        spec.script,
      );
    for (let i = 0; i < Number(flags.pods); i++) await run(i);
    await at.kubectl("wait", "pods", "--all", "--for=condition=Ready", "--timeout=300s");
    await report(pid, `${flags.pods} pods`);
  } finally {
    kubelet.kill("SIGTERM");
    await once(kubelet, "exit");
  }
} finally {
  await cleanUp();
}

async function report(pid: number, what: string): Promise<void> {
  const seconds = Number(flags["idle-s"]);
  await pause(10_000);
  const before = cpuMs(pid);
  await pause(seconds * 1000);
  const used = ((cpuMs(pid) - before) / seconds).toFixed(1);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mapped = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const mib = (text: string, name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1024).toFixed(1);
  const sizes = `resident ${mib(status, "VmRSS")} MiB, private ${mib(status, "RssAnon")}, Pss ${mib(mapped, "Pss")}`;
  console.log(`${what}: ${sizes}; ${used} ms of processor time a second`);
}

/** The kernel counts in hundredths of a second. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
