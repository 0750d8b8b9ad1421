import { parseDuration } from "../../api/meta/index.ts";
import type { Container } from "../../api/types/index.ts";
import type { Clock } from "../../host/index.ts";
import type { ExtenderConfiguration } from "../config/configuration.ts";
import { isRecord } from "../config/decode.ts";
import { scoreMax } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import type { Extender, ExtenderFiltered, Victims } from "./extender.ts";
import { postJson, tlsOptions } from "./http-json.ts";

const timeoutDefault = "5s";
/** Extenders score from 0 to 10. */
const extenderScoreMax = 10;

/** An extender that is asked by HTTP, with the messages of kube-scheduler's extender/v1. */
export function createHttpExtender(config: ExtenderConfiguration, clock: Clock): Extender {
  const { urlPrefix: name, nodeCacheCapable = false, weight = 1, managedResources = [] } = config;
  const timeoutMs = parseDuration(config.httpTimeout ?? timeoutDefault) || parseDuration(timeoutDefault);
  const tls = tlsOptions(config.enableHTTPS ?? false, config.tlsConfig);
  const post = async (verb: string, body: unknown) => {
    const url = new URL(`${name.replace(/\/+$/, "")}/${verb}`);
    return lowerCased(await postJson(url, body, { clock, timeoutMs, tls }));
  };
  const managed = new Set(managedResources.map((resource) => resource.name));

  const { filterVerb, prioritizeVerb, preemptVerb, bindVerb } = config;
  return {
    name,
    isIgnorable: config.ignorable ?? false,
    isInterested: ({ pod }) => {
      const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
      return managed.size === 0 || containers.some((container) => asksFor(container, managed));
    },
    ...(filterVerb && {
      filter: async (pod, nodes) => {
        const result = await post(filterVerb, nodeArgs(pod, nodes, nodeCacheCapable));
        return filtered(result, nodes, name, nodeCacheCapable);
      },
    }),
    ...(prioritizeVerb && {
      prioritize: async (pod, nodes) => {
        const result = await post(prioritizeVerb, nodeArgs(pod, nodes, nodeCacheCapable));
        const scale = (weight * scoreMax) / extenderScoreMax;
        const priorities = Array.isArray(result) ? result.filter(isRecord) : [];
        return new Map(priorities.map(({ host, score }) => [String(host), Number(score ?? 0) * scale]));
      },
    }),
    ...(preemptVerb && {
      preempt: async (pod, candidates, podsOf) => {
        const result = await post(preemptVerb, preemptionArgs(pod, candidates, nodeCacheCapable));
        return chosenVictims(result, podsOf, name);
      },
    }),
    ...(bindVerb && {
      bind: async ({ pod: { metadata } }, node) => {
        const { name: PodName, namespace: PodNamespace, uid: PodUID } = metadata;
        failWith(await post(bindVerb, { PodName, PodNamespace, PodUID, Node: node }));
      },
    }),
  };
}

function asksFor({ resources }: Container, managed: ReadonlySet<string>): boolean {
  const named = [...Object.keys(resources?.requests ?? {}), ...Object.keys(resources?.limits ?? {})];
  return named.some((resource) => managed.has(resource));
}

function nodeArgs({ pod }: PodInfo, nodes: readonly NodeInfo[], byName: boolean): object {
  if (byName) return { Pod: pod, Nodes: null, NodeNames: nodes.map(({ name }) => name) };
  return { Pod: pod, Nodes: { metadata: {}, items: nodes.map(({ node }) => node) }, NodeNames: null };
}

function preemptionArgs({ pod }: PodInfo, candidates: ReadonlyMap<string, Victims>, byName: boolean): object {
  const victims = [...candidates].map(([node, { pods, budgetsViolated }]) => [
    node,
    {
      Pods: pods.map((victim) => (byName ? { UID: victim.pod.metadata.uid } : victim.pod)),
      NumPDBViolations: budgetsViolated,
    },
  ]);
  return { Pod: pod, [byName ? "NodeNameToMetaVictims" : "NodeNameToVictims"]: Object.fromEntries(victims) };
}

function filtered(result: unknown, nodes: readonly NodeInfo[], extender: string, byName: boolean): ExtenderFiltered {
  failWith(result);
  const answer = isRecord(result) ? result : {};
  const known = new Map(nodes.map((node) => [node.name, node]));
  const names = byName && Array.isArray(answer.nodenames) ? answer.nodenames.map(String) : namesOf(answer.nodes);
  const left = names.map((name) => {
    const node = known.get(name);
    if (node) return node;
    throw new Error(
      `extender "${extender}" claims a filtered node "${name}" which is not found in the input node list`,
    );
  });
  return { nodes: left, failed: texts(answer.failednodes), unresolvable: texts(answer.failedandunresolvablenodes) };
}

function namesOf(nodes: unknown): string[] {
  const items = isRecord(nodes) && Array.isArray(nodes.items) ? nodes.items : [];
  return items.map((node) => (isRecord(node) && isRecord(node.metadata) ? String(node.metadata.name) : ""));
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}

function chosenVictims(
  result: unknown,
  podsOf: (nodeName: string) => Iterable<PodInfo>,
  extender: string,
): ReadonlyMap<string, Victims> {
  const chosen = new Map<string, Victims>();
  const byNode = isRecord(result) && isRecord(result.nodenametometavictims) ? result.nodenametometavictims : {};
  for (const [node, meta] of Object.entries(byNode)) {
    const victims = lowerCased(meta);
    const there = new Map([...podsOf(node)].map((info) => [info.pod.metadata.uid, info]));
    const listed = isRecord(victims) && Array.isArray(victims.pods) ? victims.pods : [];
    const pods = listed.map((entry) => {
      const found = lowerCased(entry);
      const uid = isRecord(found) ? String(found.uid) : "";
      const info = there.get(uid);
      if (info) return info;
      const where = `pod (UID: ${uid}) on node: ${node}, but the pod is not found on that node`;
      throw new Error(`extender: ${extender} claims to preempt ${where}`);
    });
    const budgetsViolated = isRecord(victims) ? Number(victims.numpdbviolations ?? 0) : 0;
    chosen.set(node, { pods, budgetsViolated });
  }
  return chosen;
}

/** Field names in lower case, since the original reads them in any. Maps by node name below are left as they are. */
function lowerCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCased);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field]));
}

function failWith(result: unknown): void {
  if (isRecord(result) && result.error) throw new Error(String(result.error));
}
