import type { HostAlias } from "../../api/types/index.ts";

export interface HostsFile {
  /** The pod's own addresses. */
  readonly addresses: readonly string[];
  readonly hostname: string;
  /** With its domain; undefined when it has none. */
  readonly fqdn: string | undefined;
  readonly aliases: readonly HostAlias[];
  /** The node's own file, for pods in its network. */
  readonly hosts?: string;
}

/** The pod's /etc/hosts, line for line as the original writes it. */
export function hostsFile({ addresses, hostname, fqdn, aliases, hosts }: HostsFile): string {
  return (hosts === undefined ? ownHosts(addresses, hostname, fqdn) : nodeHosts(hosts)) + aliasLines(aliases);
}

function nodeHosts(hosts: string): string {
  return `# Kubernetes-managed hosts file (host network).\n${hosts}`;
}

const fixedLines = [
  "# Kubernetes-managed hosts file.",
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "fe00::0\tip6-mcastprefix",
  "fe00::1\tip6-allnodes",
  "fe00::2\tip6-allrouters",
];

function ownHosts(addresses: readonly string[], hostname: string, fqdn: string | undefined): string {
  const names = fqdn === undefined ? hostname : `${fqdn}\t${hostname}`;
  return [...fixedLines, ...addresses.map((address) => `${address}\t${names}`), ""].join("\n");
}

function aliasLines(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return "";
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join("")}`;
}
