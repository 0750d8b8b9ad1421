import type { Container, ContainerStatus, Pod } from "../../api/types/index.ts";
import {
  type ContainerHealth,
  containerIdPrefix,
  findContainer,
  type ObservedContainer,
  type ObservedPod,
} from "../pod-worker/index.ts";
import { ProbeRun } from "../probes/probe-run.ts";
import type { NodePorts } from "./node-ports.ts";

type Health = ReadonlyMap<string, ContainerHealth>;

const healthy: ContainerHealth = { started: true, ready: true };

/** Follows the health of a pod's running containers; those without probes are healthy as soon as they run. */
export class ContainerWatch {
  readonly #ports: NodePorts;
  readonly #pod: () => Pod;
  readonly #sink: { changed(health: Health): void };
  #health: Health = new Map();
  #runs: Map<string, ProbeRun> | undefined;

  constructor(ports: NodePorts, pod: () => Pod, sink: { changed(health: Health): void }) {
    this.#ports = ports;
    this.#pod = pod;
    this.#sink = sink;
  }

  /** Begins with containers that now run and forgets those that ended. */
  follow(observed: ObservedPod, known: Pod): Health {
    const running = observed.containers.filter(({ state }) => state === "running");
    const gone = [...this.#health.keys()].filter((id) => !running.some((container) => container.id === id));
    const fresh = running.filter(({ id }) => !this.#health.has(id));
    if (gone.length === 0 && fresh.length === 0) return this.#health;
    const health = new Map(this.#health);
    for (const id of gone) {
      health.delete(id);
      this.#runs?.get(id)?.stop();
      this.#runs?.delete(id);
    }
    for (const seen of fresh) health.set(seen.id, this.#begin(seen, observed, known));
    this.#health = health;
    return health;
  }

  /** The container is being ended: only its readiness is still looked at. */
  ending(containerId: string): void {
    this.#runs?.get(containerId)?.stop();
  }

  recheck(): void {
    for (const run of this.#runs?.values() ?? []) run.recheck();
  }

  stop(): void {
    for (const run of this.#runs?.values() ?? []) run.stop();
    this.#runs = undefined;
  }

  #begin(seen: ObservedContainer, observed: ObservedPod, known: Pod): ContainerHealth {
    const container = findContainer(this.#pod(), seen.name);
    if (container === undefined || !hasProbes(container)) return healthy;
    const initial = initialHealth(container, seen, known);
    const run = new ProbeRun({
      clock: this.#ports.host.clock,
      prober: this.#ports.prober,
      initial,
      target: () => ({
        pod: this.#pod(),
        container: findContainer(this.#pod(), seen.name) ?? container,
        containerId: seen.id,
        startedAtMs: seen.startedAtMs ?? seen.createdAtMs,
        podIP: observed.sandbox?.ips[0] ?? this.#ports.hostIPs[0] ?? "",
      }),
      onHealth: (health) => {
        this.#health = new Map(this.#health).set(seen.id, health);
        this.#sink.changed(this.#health);
      },
      onUnhealthy: (message) =>
        this.#ports.record(this.#pod(), { type: "Warning", reason: "Unhealthy", message, container: seen.name }),
    });
    this.#runs ??= new Map();
    this.#runs.set(seen.id, run);
    return initial;
  }
}

function hasProbes({ livenessProbe, readinessProbe, startupProbe }: Container): boolean {
  return livenessProbe !== undefined || readinessProbe !== undefined || startupProbe !== undefined;
}

/** A container that ran before this kubelet began is as healthy as was written of it. */
function initialHealth(container: Container, seen: ObservedContainer, known: Pod): ContainerHealth {
  const { containerStatuses = [], initContainerStatuses = [] } = known.status ?? {};
  const matches = ({ containerID }: ContainerStatus): boolean => containerID === containerIdPrefix + seen.id;
  const written = containerStatuses.find(matches) ?? initContainerStatuses.find(matches);
  if (written?.state?.running !== undefined) return { started: written.started ?? true, ready: written.ready };
  const started = container.startupProbe === undefined;
  return { started, ready: started && container.readinessProbe === undefined };
}
