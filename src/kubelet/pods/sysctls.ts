import type { Pod } from "../../api/types/index.ts";

type Namespace = "IPC" | "Net";

/** Kernel settings that a pod may change for itself without touching others. */
const safe: readonly string[] = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
];

const prefixes: readonly (readonly [prefix: string, namespace: Namespace])[] = [
  ["kernel.shm", "IPC"],
  ["kernel.msg", "IPC"],
  ["fs.mqueue.", "IPC"],
  ["net.", "Net"],
];

/** With dots between its parts: where slashes are, dots belong to a part's name. */
export function dottedSysctl(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== "/") return name;
  return name.replace(/[./]/g, (separator) => (separator === "/" ? "." : "/"));
}

/** Where a setting belongs to each pod for itself; undefined for those of the machine as a whole. */
function namespaceOf(name: string): Namespace | undefined {
  if (name === "kernel.sem") return "IPC";
  return prefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
}

/** What is wrong with a pattern of `--allowed-unsafe-sysctls`: a name, or a name's beginning and `*`. */
export function sysctlPatternProblem(pattern: string): string | undefined {
  const name = dottedSysctl(pattern).replace(/\*$/, "");
  return namespaceOf(name) === undefined ? `the sysctls "${pattern}" are not known to be namespaced` : undefined;
}

/** Why a pod may not have the kernel settings that it wants. */
export function sysctlProblem({ spec }: Pod, allowedUnsafe: readonly string[] = []): string | undefined {
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const problem = problemOf(dottedSysctl(name), spec, [...safe, ...allowedUnsafe]);
    if (problem !== undefined) return `forbidden sysctl: ${problem}`;
  }
  return undefined;
}

function problemOf(name: string, spec: Pod["spec"], allowed: readonly string[]): string | undefined {
  const isAllowed = allowed.some((pattern) => {
    const dotted = dottedSysctl(pattern);
    return dotted.endsWith("*") ? name.startsWith(dotted.slice(0, -1)) : name === dotted;
  });
  if (!isAllowed) return `"${name}" not allowlisted`;
  const namespace = namespaceOf(name);
  const isMachines = namespace === "IPC" ? spec?.hostIPC === true : spec?.hostNetwork === true;
  return isMachines ? `"${name}" not allowed with host ${namespace} enabled` : undefined;
}
