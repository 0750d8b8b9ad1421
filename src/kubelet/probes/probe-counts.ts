import { podUid } from "../pod-worker/index.ts";
import type { ProbeKind, ProbeOutcome, Prober, ProbeTarget } from "./prober.ts";

export interface ProbeCount {
  readonly kind: ProbeKind;
  readonly result: ProbeOutcome["result"];
  readonly container: string;
  readonly pod: string;
  readonly namespace: string;
  readonly podUid: string;
  readonly count: number;
}

/** How often probes of a node's containers found what. Pods that are gone are forgotten when the counts are read. */
export class ProbeCounts {
  readonly #byPod = new Map<string, Map<string, ProbeCount>>();

  /** A prober that is counted. */
  counting(prober: Prober): Prober {
    return {
      probe: async (kind, probe, target) => {
        const outcome = await prober.probe(kind, probe, target);
        this.#count(kind, outcome, target);
        return outcome;
      },
    };
  }

  /** @param podUids of the pods that the node has now. */
  read(podUids: ReadonlySet<string>): readonly ProbeCount[] {
    for (const uid of this.#byPod.keys()) if (!podUids.has(uid)) this.#byPod.delete(uid);
    return [...this.#byPod.values()].flatMap((counts) => [...counts.values()]);
  }

  #count(kind: ProbeKind, { result }: ProbeOutcome, { pod, container }: ProbeTarget): void {
    const uid = podUid(pod);
    const counts = this.#byPod.get(uid) ?? new Map<string, ProbeCount>();
    this.#byPod.set(uid, counts);
    const key = `${container.name} ${kind} ${result}`;
    const { name = "", namespace = "" } = pod.metadata;
    const known = counts.get(key)?.count ?? 0;
    const count = known + 1;
    counts.set(key, { kind, result, container: container.name, pod: name, namespace, podUid: uid, count });
  }
}
