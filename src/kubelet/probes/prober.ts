import type { Container, HTTPGetAction, Pod, Probe } from "../../api/types/index.ts";
import { rpcErrorText } from "../runtime/error-text.ts";
import { type ContainerRuntime, RuntimeError } from "../runtime/runtime.ts";

export type ProbeKind = "liveness" | "readiness" | "startup";

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly startedAtMs: number;
  readonly podIP: string;
}

export interface ProbeOutcome {
  /** `unknown` counts neither way. */
  readonly result: "success" | "failure" | "unknown";
  readonly output: string;
  /** Another look finds the same until the pod's object changes: probing rests. Only simulations can know that. */
  readonly holds?: boolean;
}

/** How a probe is carried out. */
export interface Prober {
  probe(kind: ProbeKind, probe: Probe, target: ProbeTarget): Promise<ProbeOutcome>;
}

/** How the node reaches its pods' ports, for probes and hooks. */
export interface PodNetwork {
  http(action: HTTPGetAction, target: ProbeTarget, timeoutSeconds: number): Promise<ProbeOutcome>;
  tcp(host: string, port: number, target: ProbeTarget, timeoutSeconds: number): Promise<ProbeOutcome>;
  grpc(port: number, service: string, target: ProbeTarget, timeoutSeconds: number): Promise<ProbeOutcome>;
}

/** Commands run through the runtime, the rest over the network. */
export function createProber(runtime: ContainerRuntime, network: PodNetwork): Prober {
  return {
    async probe(_kind, probe, target) {
      const timeout = probe.timeoutSeconds ?? 1;
      if (probe.exec !== undefined) return exec(runtime, probe.exec.command ?? [], target, timeout);
      if (probe.httpGet !== undefined) return network.http(probe.httpGet, target, timeout);
      if (probe.tcpSocket !== undefined) {
        const { host = target.podIP, port } = probe.tcpSocket;
        return network.tcp(host, portNumber(target.container, port), target, timeout);
      }
      if (probe.grpc !== undefined) return network.grpc(probe.grpc.port, probe.grpc.service ?? "", target, timeout);
      return { result: "unknown", output: `missing probe handler for ${target.container.name}` };
    },
  };
}

async function exec(
  runtime: ContainerRuntime,
  command: readonly string[],
  { containerId }: ProbeTarget,
  timeout: number,
): Promise<ProbeOutcome> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeout);
    return { result: exitCode === 0 ? "success" : "failure", output: stdout + stderr };
  } catch (error) {
    const timedOut = error instanceof RuntimeError && error.code === "DeadlineExceeded";
    if (timedOut) return { result: "failure", output: error.message };
    return { result: "unknown", output: rpcErrorText(error) };
  }
}

/** A port is a number or the name of one of the container's ports. */
export function portNumber(container: Container, port: number | string): number {
  if (typeof port === "number") return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
}
