/** The rules of the pod security standards, as far as they concern Linux. Each gives what is wrong, or nothing. */

export type Level = "privileged" | "baseline" | "restricted";

interface SecurityContext {
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { add?: string[]; drop?: string[] };
  procMount?: string;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  seccompProfile?: { type?: string };
  seLinuxOptions?: { type?: string; user?: string; role?: string };
  sysctls?: { name: string }[];
}

interface SecuredContainer {
  name: string;
  ports?: { hostPort?: number }[];
  securityContext?: SecurityContext;
}

export interface SecuredPodSpec {
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  securityContext?: SecurityContext;
  volumes?: ({ name: string } & Record<string, unknown>)[];
  containers?: SecuredContainer[];
  initContainers?: SecuredContainer[];
  ephemeralContainers?: SecuredContainer[];
}

type Check = (spec: SecuredPodSpec) => string | undefined;

/** `reason (detail), reason (detail)`; empty when the pod keeps to the level. */
export function violations(level: Level, spec: SecuredPodSpec): string {
  if (level === "privileged") return "";
  const found = checksOf[level].map((check) => check(spec)).filter((text) => text !== undefined);
  return found.join(", ");
}

function containersOf(spec: SecuredPodSpec): SecuredContainer[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

/** `container "a"`, `containers "a", "b"`. */
function named(what: string, names: readonly string[]): string {
  const list = names.map((name) => JSON.stringify(name)).join(", ");
  return `${what}${names.length === 1 ? "" : "s"} ${list}`;
}

function containersThat(spec: SecuredPodSpec, offends: (context: SecurityContext) => boolean): string[] {
  return containersOf(spec)
    .filter(({ securityContext = {} }) => offends(securityContext))
    .map(({ name }) => name);
}

function quoted(values: Iterable<string>): string {
  return [...new Set(values)]
    .sort()
    .map((value) => JSON.stringify(value))
    .join(", ");
}

const defaultCapabilities: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

const escalation: Check = (spec) => {
  const names = containersThat(spec, (context) => context.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  return `allowPrivilegeEscalation != false (${named("container", names)} must set securityContext.allowPrivilegeEscalation=false)`;
};

const addedCapabilities: Check = (spec) => {
  const added = ({ capabilities }: SecurityContext) =>
    (capabilities?.add ?? []).filter((capability) => !defaultCapabilities.has(capability));
  const names = containersThat(spec, (context) => added(context).length > 0);
  if (names.length === 0) return undefined;
  const all = quoted(containersOf(spec).flatMap(({ securityContext = {} }) => added(securityContext)));
  return `non-default capabilities (${named("container", names)} must not include ${all} in securityContext.capabilities.add)`;
};

const unrestrictedCapabilities: Check = (spec) => {
  const added = ({ capabilities }: SecurityContext) =>
    (capabilities?.add ?? []).filter((capability) => capability !== "NET_BIND_SERVICE");
  const keeping = containersThat(spec, ({ capabilities }) => !capabilities?.drop?.includes("ALL"));
  const adding = containersThat(spec, (context) => added(context).length > 0);
  const details: string[] = [];
  if (keeping.length > 0)
    details.push(`${named("container", keeping)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adding.length > 0) {
    const all = quoted(containersOf(spec).flatMap(({ securityContext = {} }) => added(securityContext)));
    details.push(`${named("container", adding)} must not include ${all} in securityContext.capabilities.add`);
  }
  return details.length === 0 ? undefined : `unrestricted capabilities (${details.join("; ")})`;
};

const hostNamespaces: Check = (spec) => {
  const used = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true);
  return used.length === 0 ? undefined : `host namespaces (${used.map((field) => `${field}=true`).join(", ")})`;
};

const hostPathVolumes: Check = (spec) => {
  const names = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map(({ name }) => name);
  return names.length === 0 ? undefined : `hostPath volumes (${named("volume", names)})`;
};

const hostPorts: Check = (spec) => {
  const users = containersOf(spec).filter(({ ports = [] }) => ports.some(({ hostPort }) => hostPort));
  if (users.length === 0) return undefined;
  const ports = new Set(users.flatMap(({ ports = [] }) => ports.map(({ hostPort }) => hostPort).filter(Boolean)));
  const verb = users.length === 1 ? "uses" : "use";
  const what = ports.size === 1 ? "hostPort" : "hostPorts";
  return `hostPort (${named(
    "container",
    users.map(({ name }) => name),
  )} ${verb} ${what} ${[...ports].join(", ")})`;
};

const privileged: Check = (spec) => {
  const names = containersThat(spec, (context) => context.privileged === true);
  if (names.length === 0) return undefined;
  return `privileged (${named("container", names)} must not set securityContext.privileged=true)`;
};

const procMount: Check = (spec) => {
  const offends = ({ procMount }: SecurityContext) => procMount !== undefined && procMount !== "Default";
  const names = containersThat(spec, offends);
  if (names.length === 0) return undefined;
  const values = quoted(
    containersOf(spec)
      .map(({ securityContext = {} }) => securityContext)
      .filter(offends)
      .map(({ procMount = "" }) => procMount),
  );
  return `procMount (${named("container", names)} must not set securityContext.procMount to ${values})`;
};

const restrictedVolumeTypes: ReadonlySet<string> = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

const volumeTypes: Check = (spec) => {
  const bad = (spec.volumes ?? []).flatMap((volume) => {
    const type = Object.keys(volume).find((field) => field !== "name");
    return type === undefined || restrictedVolumeTypes.has(type) ? [] : [{ name: volume.name, type }];
  });
  if (bad.length === 0) return undefined;
  const types = new Set(bad.map(({ type }) => type));
  const verb = bad.length === 1 ? "uses" : "use";
  const what = types.size === 1 ? "restricted volume type" : "restricted volume types";
  return `restricted volume types (${named(
    "volume",
    bad.map(({ name }) => name),
  )} ${verb} ${what} ${quoted(types)})`;
};

const nonRoot: Check = (spec) => {
  const forPod = spec.securityContext?.runAsNonRoot;
  const explicit = containersThat(spec, (context) => context.runAsNonRoot === false);
  const implicit = forPod === true ? [] : containersThat(spec, (context) => context.runAsNonRoot === undefined);
  const details: string[] = [];
  if (forPod === false) details.push("pod must not set securityContext.runAsNonRoot=false");
  if (explicit.length > 0)
    details.push(`${named("container", explicit)} must not set securityContext.runAsNonRoot=false`);
  if (details.length === 0 && implicit.length > 0) {
    details.push(`pod or ${named("container", implicit)} must set securityContext.runAsNonRoot=true`);
  }
  return details.length === 0 ? undefined : `runAsNonRoot != true (${details.join("; ")})`;
};

const nonZeroUser: Check = (spec) => {
  const details: string[] = [];
  if (spec.securityContext?.runAsUser === 0) details.push("pod must not set runAsUser=0");
  const names = containersThat(spec, (context) => context.runAsUser === 0);
  if (names.length > 0) details.push(`${named("container", names)} must not set runAsUser=0`);
  return details.length === 0 ? undefined : `runAsUser=0 (${details.join("; ")})`;
};

const seLinuxTypes: ReadonlySet<string> = new Set([
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
]);

const seLinuxOptions: Check = (spec) => {
  const offends = ({ seLinuxOptions: options }: SecurityContext) =>
    options !== undefined && (!seLinuxTypes.has(options.type ?? "") || Boolean(options.user) || Boolean(options.role));
  const who: string[] = [];
  if (offends(spec.securityContext ?? {})) who.push("pod");
  const names = containersThat(spec, offends);
  if (names.length > 0) who.push(named("container", names));
  return who.length === 0
    ? undefined
    : `seLinuxOptions (${who.join(" and ")} set forbidden securityContext.seLinuxOptions)`;
};

const unconfined = ({ seccompProfile }: SecurityContext) => seccompProfile?.type === "Unconfined";

const noUnconfinedSeccomp: Check = (spec) => {
  const who: string[] = [];
  if (unconfined(spec.securityContext ?? {})) who.push("pod");
  const names = containersThat(spec, unconfined);
  if (names.length > 0) who.push(named("container", names));
  if (who.length === 0) return undefined;
  return `seccompProfile (${who.join(" and ")} must not set securityContext.seccompProfile.type to "Unconfined")`;
};

const seccompRequired: Check = (spec) => {
  const bad = noUnconfinedSeccomp(spec);
  if (bad !== undefined) return bad;
  if (spec.securityContext?.seccompProfile?.type !== undefined) return undefined;
  const names = containersThat(spec, (context) => context.seccompProfile?.type === undefined);
  if (names.length === 0) return undefined;
  return `seccompProfile (pod or ${named("container", names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`;
};

const safeSysctls: ReadonlySet<string> = new Set([
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
]);

const sysctls: Check = (spec) => {
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safeSysctls.has(name));
  return bad.length === 0 ? undefined : `forbidden sysctls (${bad.join(", ")})`;
};

/** In the order in which the original names them. */
const checksOf: Readonly<Record<Exclude<Level, "privileged">, readonly Check[]>> = {
  baseline: [
    addedCapabilities,
    hostNamespaces,
    hostPathVolumes,
    hostPorts,
    privileged,
    procMount,
    seLinuxOptions,
    noUnconfinedSeccomp,
    sysctls,
  ],
  restricted: [
    escalation,
    unrestrictedCapabilities,
    hostNamespaces,
    hostPorts,
    privileged,
    procMount,
    volumeTypes,
    nonRoot,
    nonZeroUser,
    seLinuxOptions,
    seccompRequired,
    sysctls,
  ],
};
