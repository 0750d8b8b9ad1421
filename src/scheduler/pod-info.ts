import {
  deepEqual,
  keyOf,
  keyString,
  labelSelectorAsSelector,
  parseTime,
  type Selector,
  selectorFromLabels,
  selectorString,
} from "../api/meta/index.ts";
import type { Pod, PodAffinity, PodAffinityTerm, PodSpec } from "../api/types/index.ts";
import { claimedVolumes } from "../api/volumes/index.ts";
import { countedRequests, incomingRequests, podRequests, type Resources } from "./resources.ts";

/** A term of pod affinity or anti-affinity, parsed. */
export interface AffinityTerm {
  readonly namespaces: ReadonlySet<string>;
  /** Also the namespaces with these labels. */
  readonly namespaceSelector: Selector | undefined;
  readonly selector: Selector;
  readonly topologyKey: string;
  /** 0 for required terms. */
  readonly weight: number;
  /** Equal for terms that are about the same pods in the same domains, whatever they weigh. */
  readonly key: string;
}

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

/** A pod and what the scheduler needs of it, computed once for each version of the pod. */
export interface PodInfo {
  readonly pod: Pod;
  /** namespace/name. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  /** When it was started (or made, as long as it was not), ms since the epoch; 0 when nobody knows. */
  readonly startedAt: number;
  readonly requests: Resources;
  /** As scores count the pod when it is to be placed, and when it is on a node. */
  readonly incomingRequests: Resources;
  readonly countedRequests: Resources;
  readonly hostPorts: readonly HostPort[];
  /** Of claims, also of ephemeral volumes: namespace/name. */
  readonly claimKeys: readonly string[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  /** Equal for pods of one priority that differ in nothing that plugins read which are `local`: pods of one template. */
  readonly localKey: string;
}

const known = new WeakMap<Pod, ParsedPod>();
const noLabels: Readonly<Record<string, string>> = {};

export function podInfoOf(pod: Pod): PodInfo {
  const found = known.get(pod);
  if (found) return found;
  const info = new ParsedPod(pod);
  known.set(pod, info);
  return info;
}

/** Parses what is asked for when it is asked for: of most versions of a pod little is ever read. */
class ParsedPod implements PodInfo {
  readonly pod: Pod;
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  #startedAt: number | undefined;
  #requests: Resources | undefined;
  #incomingRequests: Resources | undefined;
  #countedRequests: Resources | undefined;
  #hostPorts: readonly HostPort[] | undefined;
  #claimKeys: readonly string[] | undefined;
  #terms: PodTerms | undefined;
  #localKey: string | undefined;

  constructor(pod: Pod) {
    this.pod = pod;
    this.key = keyString(keyOf(pod));
    this.namespace = pod.metadata.namespace ?? "";
    this.labels = pod.metadata.labels ?? noLabels;
    this.priority = pod.spec?.priority ?? 0;
  }

  get startedAt(): number {
    this.#startedAt ??= startedAtOf(this.pod);
    return this.#startedAt;
  }

  get requests(): Resources {
    this.#requests ??= podRequests(this.pod);
    return this.#requests;
  }

  get incomingRequests(): Resources {
    this.#incomingRequests ??= incomingRequests(this.pod);
    return this.#incomingRequests;
  }

  get countedRequests(): Resources {
    this.#countedRequests ??= countedRequests(this.pod);
    return this.#countedRequests;
  }

  get hostPorts(): readonly HostPort[] {
    this.#hostPorts ??= hostPortsOf(this.pod);
    return this.#hostPorts;
  }

  get claimKeys(): readonly string[] {
    this.#claimKeys ??= claimedVolumes(this.pod).map(({ claimName }) => `${this.namespace}/${claimName}`);
    return this.#claimKeys;
  }

  get requiredAffinity(): readonly AffinityTerm[] {
    return this.#affinityTerms().requiredAffinity;
  }

  get requiredAntiAffinity(): readonly AffinityTerm[] {
    return this.#affinityTerms().requiredAntiAffinity;
  }

  get preferredAffinity(): readonly AffinityTerm[] {
    return this.#affinityTerms().preferredAffinity;
  }

  get preferredAntiAffinity(): readonly AffinityTerm[] {
    return this.#affinityTerms().preferredAntiAffinity;
  }

  get localKey(): string {
    this.#localKey ??= localKeyOf(this);
    return this.#localKey;
  }

  #affinityTerms(): PodTerms {
    this.#terms ??= termsOf(this.pod, this.namespace);
    return this.#terms;
  }
}

type PodTerms = Pick<
  PodInfo,
  "requiredAffinity" | "requiredAntiAffinity" | "preferredAffinity" | "preferredAntiAffinity"
>;

const noTerms: PodTerms = {
  requiredAffinity: [],
  requiredAntiAffinity: [],
  preferredAffinity: [],
  preferredAntiAffinity: [],
};

function termsOf(pod: Pod, namespace: string): PodTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return noTerms;
  const required = (of: PodAffinity | undefined) =>
    of?.requiredDuringSchedulingIgnoredDuringExecution?.map((t) => affinityTerm(t, pod, namespace, 0)) ?? [];
  const preferred = (of: PodAffinity | undefined) =>
    of?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ podAffinityTerm, weight }) =>
      affinityTerm(podAffinityTerm, pod, namespace, weight),
    ) ?? [];
  return {
    requiredAffinity: required(podAffinity),
    requiredAntiAffinity: required(podAntiAffinity),
    preferredAffinity: preferred(podAffinity),
    preferredAntiAffinity: preferred(podAntiAffinity),
  };
}

/** Whether two versions of a pod count the same wherever pods on nodes are counted: most updates are of its status. */
export function countAlike({ pod: a }: PodInfo, { pod: b }: PodInfo): boolean {
  const isDeleted = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined;
  return (
    isDeleted(a) === isDeleted(b) &&
    a.status?.startTime === b.status?.startTime &&
    deepEqual(a.metadata.labels, b.metadata.labels) &&
    isSpecAlike(a.spec, b.spec) &&
    deepEqual(resizeOf(a), resizeOf(b))
  );
}

function isSpecAlike(a: PodSpec | undefined, b: PodSpec | undefined): boolean {
  if (a === b) return true;
  if (!a || !b || a.priority !== b.priority) return false;
  return (
    deepEqual(a.containers, b.containers) &&
    deepEqual(a.initContainers, b.initContainers) &&
    deepEqual(a.affinity, b.affinity) &&
    deepEqual(a.volumes, b.volumes) &&
    deepEqual(a.overhead, b.overhead) &&
    deepEqual(a.resources, b.resources)
  );
}

/** What the status says of resources. */
function resizeOf({ status }: Pod): unknown {
  const { containerStatuses = [], initContainerStatuses = [], conditions = [] } = status ?? {};
  const resized = [...containerStatuses, ...initContainerStatuses].flatMap(({ name, resources, allocatedResources }) =>
    resources || allocatedResources ? [[name, resources, allocatedResources]] : [],
  );
  return [resized, conditions.find(({ type }) => type === "PodResizePending")?.reason];
}

/** KEP-3633: matchLabelKeys and mismatchLabelKeys add what the incoming pod's own labels say. The API server has merged them into the selector already when it could. */
function affinityTerm(term: PodAffinityTerm, pod: Pod, namespace: string, weight: number): AffinityTerm {
  const { topologyKey, matchLabelKeys, mismatchLabelKeys } = term;
  const ownNamespace = (term.namespaces?.length ?? 0) === 0 && term.namespaceSelector === undefined;
  const namespaces = new Set(ownNamespace ? [namespace] : term.namespaces);
  const namespaceSelector =
    term.namespaceSelector === undefined ? undefined : labelSelectorAsSelector(term.namespaceSelector);
  const own = labelSelectorAsSelector(term.labelSelector);
  const selector = withLabelKeys(own, pod, matchLabelKeys, mismatchLabelKeys);
  const byNamespace = `${[...namespaces].sort()} ${namespaceSelector ? selectorKey(namespaceSelector) : ""}`;
  const key = `${topologyKey} ${byNamespace} ${selectorKey(selector)}`;
  return { namespaces, namespaceSelector, selector, topologyKey, weight, key };
}

/** Equal for selectors that select the same. */
export function selectorKey(selector: Selector): string {
  return selector.nothing ? "nothing" : `{${selectorString(selector)}}`;
}

function startedAtOf({ metadata, status }: Pod): number {
  const text = status?.startTime ?? metadata.creationTimestamp;
  return text ? parseTime(text) : 0;
}

/** Texts are joined by characters that no label, taint or name has. */
function localKeyOf({ pod, priority, requests, incomingRequests, hostPorts }: PodInfo): string {
  const { nodeName, nodeSelector, affinity, tolerations = [] } = pod.spec ?? {};
  let key = `${priority} ${nodeName ?? ""}\n${amountsKey(requests)}\n${amountsKey(incomingRequests)}`;
  for (const t of tolerations) key += `\n${t.key} ${t.operator} ${t.value} ${t.effect}`;
  for (const { ip, port, protocol } of hostPorts) key += `\n${protocol} ${ip} ${port}`;
  if (nodeSelector || affinity?.nodeAffinity) key += `\n${JSON.stringify([nodeSelector, affinity?.nodeAffinity])}`;
  return key;
}

function amountsKey({ cpuMilli, memoryBytes, ephemeralBytes, others }: Resources): string {
  const plain = `${cpuMilli} ${memoryBytes} ${ephemeralBytes}`;
  return others ? `${plain} ${JSON.stringify([...others])}` : plain;
}

/** The selector and, for each key that the pod has as a label, that label's value demanded or forbidden. */
export function withLabelKeys(
  selector: Selector,
  pod: Pod,
  matchKeys: readonly string[] | undefined,
  mismatchKeys: readonly string[] | undefined = undefined,
): Selector {
  if (selector.nothing || (!matchKeys?.length && !mismatchKeys?.length)) return selector;
  const labels = pod.metadata.labels ?? noLabels;
  const pick = (keys: readonly string[] | undefined) =>
    (keys ?? []).flatMap((key) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return value === undefined ? [] : selectorFromLabels({ [key]: value }).requirements;
    });
  const mismatches = pick(mismatchKeys).map((r) => ({ ...r, operator: "!=" as const }));
  return { requirements: [...selector.requirements, ...pick(matchKeys), ...mismatches] };
}

function hostPortsOf(pod: Pod): HostPort[] {
  const ports: HostPort[] = [];
  const sidecars = pod.spec?.initContainers?.filter((c) => c.restartPolicy === "Always") ?? [];
  for (const container of [...sidecars, ...(pod.spec?.containers ?? [])]) {
    for (const port of container.ports ?? []) {
      if (!port.hostPort) continue;
      ports.push({ protocol: port.protocol ?? "TCP", ip: port.hostIP || "0.0.0.0", port: port.hostPort });
    }
  }
  return ports;
}
