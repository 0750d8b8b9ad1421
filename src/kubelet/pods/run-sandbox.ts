import type { Pod } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { podFullName } from "../pod-worker/index.ts";
import { sandboxConfig } from "./configs.ts";
import { podDns } from "./dns.ts";
import type { NodePorts } from "./node-ports.ts";

/**
 * Makes a pod's sandbox: what its containers share.
 * @throws RuntimeError when the runtime refuses it, ApiError for a runtime class that is not there, Error for users it cannot have
 */
export async function runSandbox(ports: NodePorts, pod: Pod, attempt: number): Promise<void> {
  const { machine, runtime, client } = ports;
  const { runtimeClassName: name } = pod.spec ?? {};
  const handler = name && (await client.resource(resources.runtimeclasses).get({ name })).handler;
  if (machine === undefined) {
    await runtime.runPodSandbox(sandboxConfig(pod, attempt), handler);
    return;
  }
  const { problem } = podDns(pod, machine.dns);
  if (problem !== undefined) {
    const message = `pod: ${JSON.stringify(podFullName(pod))}. ${problem}`;
    ports.record(pod, { type: "Warning", reason: "MissingClusterDNS", message });
  }
  const { userNamespaces } = machine;
  await userNamespaces.counting(pod, async () => {
    const users = await userNamespaces.make(pod, handler ?? "");
    await runtime.runPodSandbox(sandboxConfig(pod, attempt, machine, users), handler);
  });
}
