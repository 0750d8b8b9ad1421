import type { Pod } from "../../api/types/index.ts";
import type { DnsConfig } from "../runtime/runtime.ts";

export interface DnsSettings {
  /** Addresses of the cluster's name server; pods that want it without one get the node's. */
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  /** The node's own. */
  readonly node: DnsConfig;
}

const clusterOptions = ["ndots:5"];
const nameserversMax = 3;
const searchesMax = 32;
const searchesCharactersMax = 2048;

/** What the pod's containers ask for names, and an event's message when that is not what it wants. */
export function podDns(pod: Pod, settings: DnsSettings): { readonly config: DnsConfig; readonly problem?: string } {
  const { dnsConfig } = pod.spec ?? {};
  const { config, problem } = byPolicy(pod, settings);
  const options = new Map(config.options.map(optionEntry));
  for (const { name = "", value } of dnsConfig?.options ?? []) options.set(name, value);
  const merged = {
    servers: unique([...config.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, nameserversMax),
    searches: fitting(unique([...config.searches, ...(dnsConfig?.searches ?? [])])),
    options: [...options].map(([name, value]) => (value === undefined ? name : `${name}:${value}`)),
  };
  return { config: merged, ...(problem === undefined ? {} : { problem }) };
}

function byPolicy(pod: Pod, settings: DnsSettings): { readonly config: DnsConfig; readonly problem?: string } {
  const { dnsPolicy = "ClusterFirst", hostNetwork = false } = pod.spec ?? {};
  if (dnsPolicy === "None") return { config: { servers: [], searches: [], options: [] } };
  const wantsCluster = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  if (!wantsCluster) return { config: settings.node };
  const { clusterDNS, clusterDomain, node } = settings;
  if (clusterDNS.length === 0) {
    const problem = `kubelet does not have ClusterDNS IP configured and cannot create Pod using "${dnsPolicy}" policy. Falling back to "Default" policy.`;
    return { config: node, problem };
  }
  const { namespace } = pod.metadata;
  const own = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { config: { servers: clusterDNS, searches: unique([...own, ...node.searches]), options: clusterOptions } };
}

function optionEntry(option: string): [string, string | undefined] {
  const colon = option.indexOf(":");
  return colon < 0 ? [option, undefined] : [option.slice(0, colon), option.slice(colon + 1)];
}

/** As many as a resolver reads. */
function fitting(searches: readonly string[]): string[] {
  const taken: string[] = [];
  let characters = 0;
  for (const search of searches.slice(0, searchesMax)) {
    characters += search.length + (taken.length === 0 ? 0 : 1);
    if (characters > searchesCharactersMax) break;
    taken.push(search);
  }
  return taken;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** Reads a resolver's file. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "nameserver" && rest[0] !== undefined) servers.push(rest[0]);
    // Of several such lines the last counts; a dot alone is the root.
    if (word === "search")
      searches = rest.filter((search) => search !== ".").map((search) => search.replace(/\.$/, ""));
    if (word === "options") options = [...options, ...rest];
  }
  return { servers, searches, options };
}
