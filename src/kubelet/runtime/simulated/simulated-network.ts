import type { HTTPGetAction } from "../../../api/types/index.ts";
import type { Clock } from "../../../host/index.ts";
import {
  createProber,
  type PodNetwork,
  type ProbeOutcome,
  type Prober,
  type ProbeTarget,
  portNumber,
} from "../../probes/prober.ts";
import { annotationFor, durationMs } from "./behaviour.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { SimulatedRuntime } from "./simulated-runtime.ts";

const open: ProbeOutcome = { result: "success", output: "", holds: true };

/** The ports of simulated containers: open unless it is known that the program serves nothing. */
export class SimulatedNetwork implements PodNetwork {
  readonly #runtime: SimulatedRuntime;

  readonly #ask: ((url: URL) => HttpAnswer | undefined) | undefined;

  /** @param ask what pods of all nodes answer */
  constructor(runtime: SimulatedRuntime, ask?: (url: URL) => HttpAnswer | undefined) {
    this.#runtime = runtime;
    this.#ask = ask;
  }

  async http({ host, port, path = "/", scheme = "HTTP" }: HTTPGetAction, target: ProbeTarget): Promise<ProbeOutcome> {
    const number = portNumber(target.container, port);
    const address = `${host ?? target.podIP}:${number}`;
    const url = `${scheme.toLowerCase()}://${address}${path}`;
    const other = host === undefined || host === target.podIP ? undefined : URL.parse(url);
    const answer = (other && this.#ask?.(other)) ?? this.#runtime.answer(target.containerId, number, path);
    if (answer === undefined) return { result: "failure", output: `Get "${url}": ${refusedAt(address)}` };
    if (answer.status >= 200 && answer.status < 400) {
      return answer.changes === true ? { result: "success", output: "" } : open;
    }
    return { result: "failure", output: `HTTP probe failed with statuscode: ${answer.status}` };
  }

  async tcp(host: string, port: number, target: ProbeTarget): Promise<ProbeOutcome> {
    return this.#answer(target, port, refusedAt(`${host}:${port}`));
  }

  async grpc(port: number, _service: string, target: ProbeTarget, timeoutSeconds: number): Promise<ProbeOutcome> {
    const address = `${target.podIP}:${port}`;
    return this.#answer(target, port, `timeout: failed to connect service "${address}" within ${timeoutSeconds}s`);
  }

  #answer({ containerId }: ProbeTarget, port: number, refusal: string): ProbeOutcome {
    return this.#runtime.listens(containerId, port) ? open : { result: "failure", output: refusal };
  }
}

function refusedAt(address: string): string {
  return `dial tcp ${address}: connect: connection refused`;
}

/**
 * Probes of simulated containers follow the pod's annotations, read at each probe: `sampan.dev/liveness`, `readiness`,
 * `startup` are `succeed` or `fail`, `sampan.dev/ready-after` and `started-after` a time after the container's start.
 */
export function simulatedProber(clock: Clock, runtime: SimulatedRuntime, network: PodNetwork): Prober {
  const plain = createProber(runtime, network);
  return {
    async probe(kind, probe, target) {
      const { annotations } = target.pod.metadata;
      const said = annotationFor(annotations, kind, target.container.name);
      if (said === "succeed") return open;
      if (said === "fail") return { result: "failure", output: `the annotation sampan.dev/${kind} says so` };
      const delay = kind === "readiness" ? "ready-after" : kind === "startup" ? "started-after" : undefined;
      const after =
        delay === undefined ? undefined : durationMs(annotationFor(annotations, delay, target.container.name));
      if (typeof after === "number") {
        if (clock.now() >= target.startedAtMs + after) return open;
        return { result: "failure", output: `the annotation sampan.dev/${delay} says not yet` };
      }
      return plain.probe(kind, probe, target);
    },
  };
}
