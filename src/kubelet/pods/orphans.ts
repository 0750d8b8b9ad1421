import type { Logger } from "../../host/index.ts";
import { gracePeriodAnnotation, podUidLabel } from "../runtime/labels.ts";
import type { ContainerRuntime, PodSandbox } from "../runtime/runtime.ts";

const leastGraceSeconds = 2;
const usualGraceSeconds = 30;

/**
 * Ends the pods that the runtime still has though nobody knows them any more, each with the grace period that its
 * containers were made with. What cannot be ended now is told, and tried at the next start.
 */
export async function endOrphans(
  runtime: ContainerRuntime,
  isKnown: (podUid: string) => boolean,
  log: Logger,
): Promise<void> {
  const sandboxes = await runtime.listPodSandbox();
  const orphans = sandboxes.filter(({ labels }) => {
    const uid = labels[podUidLabel];
    // What has no such label is not a kubelet's.
    return uid !== undefined && !isKnown(uid);
  });
  const ended = await Promise.allSettled(orphans.map((sandbox) => endOrphan(runtime, sandbox)));
  ended.forEach((outcome, index) => {
    if (outcome.status === "fulfilled") return;
    log.warn("an orphaned pod could not be ended", { sandbox: orphans[index]?.id, error: outcome.reason });
  });
}

async function endOrphan(runtime: ContainerRuntime, { id }: PodSandbox): Promise<void> {
  const containers = await runtime.listContainers({ podSandboxId: id, state: "running" });
  await Promise.all(
    containers.map((container) => {
      const asked = Number(container.annotations[gracePeriodAnnotation] ?? usualGraceSeconds);
      return runtime.stopContainer(container.id, Math.max(asked, leastGraceSeconds));
    }),
  );
  await runtime.stopPodSandbox(id);
  await runtime.removePodSandbox(id);
}
