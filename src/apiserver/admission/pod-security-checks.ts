/** The rules of the pod security standards, as far as they concern Linux. Each gives what is wrong, or nothing. */

export type Level = "privileged" | "baseline" | "restricted";

interface SecurityContext {
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { add?: string[]; drop?: string[] };
  procMount?: string;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  appArmorProfile?: { type?: string };
  seccompProfile?: { type?: string };
  seLinuxOptions?: { type?: string; user?: string; role?: string };
  sysctls?: { name: string }[];
  windowsOptions?: { hostProcess?: boolean };
}

interface Handler {
  httpGet?: { host?: string };
  tcpSocket?: { host?: string };
}

interface SecuredContainer {
  name: string;
  ports?: { hostPort?: number }[];
  securityContext?: SecurityContext;
  livenessProbe?: Handler;
  readinessProbe?: Handler;
  startupProbe?: Handler;
  lifecycle?: { postStart?: Handler; preStop?: Handler };
}

export interface SecuredPodSpec {
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  hostUsers?: boolean;
  os?: { name?: string };
  runtimeClassName?: string;
  securityContext?: SecurityContext;
  volumes?: ({ name: string } & Record<string, unknown>)[];
  containers?: SecuredContainer[];
  initContainers?: SecuredContainer[];
  ephemeralContainers?: SecuredContainer[];
}

export interface SecuredMetadata {
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is wrong, in general and in this pod. */
interface Violation {
  readonly reason: string;
  readonly detail: string;
}

type Check = (spec: SecuredPodSpec, metadata: SecuredMetadata) => Violation | undefined;

export interface CheckOptions {
  /** Of the version that the rules are pinned to; undefined for the newest. */
  readonly minor?: number;
  readonly metadata?: SecuredMetadata;
}

/** `reason (detail), reason (detail)`; empty when the pod keeps to the level. */
export function violations(level: Level, spec: SecuredPodSpec, options: CheckOptions = {}): string {
  return found(level, spec, options)
    .map(({ reason, detail }) => `${reason} (${detail})`)
    .join(", ");
}

/** As violations, without what is particular to the pod. */
export function violationReasons(level: Level, spec: SecuredPodSpec, options: CheckOptions = {}): string {
  return found(level, spec, options)
    .map(({ reason }) => reason)
    .join(", ");
}

function found(level: Level, spec: SecuredPodSpec, { minor = newestMinor, metadata = {} }: CheckOptions): Violation[] {
  if (level === "privileged") return [];
  return checksFor(level, Math.min(minor, newestMinor))
    .map((check) => check(spec, metadata))
    .filter((violation) => violation !== undefined);
}

function violation(reason: string, detail: string): Violation {
  return { reason, detail };
}

/** The pod itself and containers, of which `offends` is true: `pod and containers "a", "b"`. */
function setters(spec: SecuredPodSpec, offends: (context: SecurityContext) => boolean): string | undefined {
  const who = offends(spec.securityContext ?? {}) ? ["pod"] : [];
  const names = containersThat(spec, offends);
  if (names.length > 0) who.push(named("container", names));
  return who.length === 0 ? undefined : who.join(" and ");
}

/** All security contexts of the pod. */
function contextsOf(spec: SecuredPodSpec): SecurityContext[] {
  return [spec.securityContext ?? {}, ...containersOf(spec).map(({ securityContext = {} }) => securityContext)];
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
  return violation(
    "allowPrivilegeEscalation != false",
    `${named("container", names)} must set securityContext.allowPrivilegeEscalation=false`,
  );
};

const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
const appArmorTypes: ReadonlySet<string> = new Set(["RuntimeDefault", "Localhost"]);

const appArmor: Check = (spec, { annotations = {} }) => {
  const badType = ({ appArmorProfile: profile }: SecurityContext) =>
    profile?.type !== undefined && !appArmorTypes.has(profile.type);
  const who = setters(spec, badType);
  const values = contextsOf(spec)
    .filter(badType)
    .map(({ appArmorProfile }) => appArmorProfile?.type ?? "");
  const marked = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !/^($|runtime\/default$|localhost\/)/.test(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const details: string[] = [];
  if (marked.length > 0) details.push(`${marked.length === 1 ? "annotation" : "annotations"} ${marked.join(", ")}`);
  if (who !== undefined) details.push(`${who} must not set AppArmor profile type to ${quoted(values)}`);
  if (details.length === 0) return undefined;
  const count = marked.length + new Set(values).size;
  return violation(`forbidden AppArmor ${count === 1 ? "profile" : "profiles"}`, details.join("; "));
};

const addedCapabilities: Check = (spec) => {
  const added = ({ capabilities }: SecurityContext) =>
    (capabilities?.add ?? []).filter((capability) => !defaultCapabilities.has(capability));
  const names = containersThat(spec, (context) => added(context).length > 0);
  if (names.length === 0) return undefined;
  const all = quoted(containersOf(spec).flatMap(({ securityContext = {} }) => added(securityContext)));
  return violation(
    "non-default capabilities",
    `${named("container", names)} must not include ${all} in securityContext.capabilities.add`,
  );
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
  return details.length === 0 ? undefined : violation("unrestricted capabilities", details.join("; "));
};

const hostNamespaces: Check = (spec) => {
  const used = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true);
  if (used.length === 0) return undefined;
  return violation("host namespaces", used.map((field) => `${field}=true`).join(", "));
};

const hostPathVolumes: Check = (spec) => {
  const names = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map(({ name }) => name);
  return names.length === 0 ? undefined : violation("hostPath volumes", named("volume", names));
};

const hostPorts: Check = (spec) => {
  const users = containersOf(spec).filter(({ ports = [] }) => ports.some(({ hostPort }) => hostPort));
  if (users.length === 0) return undefined;
  const ports = new Set(users.flatMap(({ ports = [] }) => ports.map(({ hostPort }) => hostPort).filter(Boolean)));
  const who = named(
    "container",
    users.map(({ name }) => name),
  );
  const what = ports.size === 1 ? "hostPort" : "hostPorts";
  return violation(
    "hostPort",
    `${who} ${users.length === 1 ? "uses" : "use"} ${what} ${[...ports].map(String).sort().join(", ")}`,
  );
};

/** A probe of another host would reach what the node reaches. */
const hostProbes: Check = (spec) => {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: SecuredContainer) =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
      .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter((host) => host !== undefined && host !== "") as string[];
  const users = containersOf(spec).filter((container) => hostsOf(container).length > 0);
  if (users.length === 0) return undefined;
  const names = [...new Set(users.map(({ name }) => name))].sort();
  const hosts = new Set(users.flatMap(hostsOf));
  const what = `probe or lifecycle ${hosts.size === 1 ? "host" : "hosts"}`;
  return violation(
    "probe or lifecycle host",
    `${named("container", names)} ${names.length === 1 ? "uses" : "use"} ${what} ${quoted(hosts)}`,
  );
};

const privileged: Check = (spec) => {
  const names = containersThat(spec, (context) => context.privileged === true);
  if (names.length === 0) return undefined;
  return violation("privileged", `${named("container", names)} must not set securityContext.privileged=true`);
};

const procMount: Check = (spec) => {
  const offends = ({ procMount }: SecurityContext) => procMount !== undefined && procMount !== "Default";
  const names = containersThat(spec, offends);
  if (names.length === 0) return undefined;
  const values = containersOf(spec)
    .map(({ securityContext = {} }) => securityContext)
    .filter(offends)
    .map(({ procMount = "" }) => procMount);
  return violation(
    "procMount",
    `${named("container", names)} must not set securityContext.procMount to ${quoted(values)}`,
  );
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
  const who = named(
    "volume",
    bad.map(({ name }) => name),
  );
  const what = types.size === 1 ? "restricted volume type" : "restricted volume types";
  return violation("restricted volume types", `${who} ${bad.length === 1 ? "uses" : "use"} ${what} ${quoted(types)}`);
};

const nonRoot: Check = (spec) => {
  const forPod = spec.securityContext?.runAsNonRoot;
  const explicit = setters(spec, (context) => context.runAsNonRoot === false);
  const reason = "runAsNonRoot != true";
  if (explicit !== undefined) return violation(reason, `${explicit} must not set securityContext.runAsNonRoot=false`);
  const implicit = forPod === true ? [] : containersThat(spec, (context) => context.runAsNonRoot === undefined);
  if (implicit.length === 0) return undefined;
  return violation(reason, `pod or ${named("container", implicit)} must set securityContext.runAsNonRoot=true`);
};

const nonZeroUser: Check = (spec) => {
  const who = setters(spec, (context) => context.runAsUser === 0);
  return who === undefined ? undefined : violation("runAsUser=0", `${who} must not set runAsUser=0`);
};

const seLinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t"];

const seLinuxAllowing =
  (types: readonly string[]): Check =>
  (spec) => {
    const badType = ({ seLinuxOptions: options }: SecurityContext) =>
      options !== undefined && !types.includes(options.type ?? "");
    const badUser = ({ seLinuxOptions: options }: SecurityContext) => Boolean(options?.user);
    const badRole = ({ seLinuxOptions: options }: SecurityContext) => Boolean(options?.role);
    const who = setters(spec, (context) => badType(context) || badUser(context) || badRole(context));
    if (who === undefined) return undefined;
    const contexts = contextsOf(spec);
    const bad = new Set(contexts.filter(badType).map(({ seLinuxOptions }) => seLinuxOptions?.type ?? ""));
    const data: string[] = [];
    if (bad.size > 0) data.push(`${bad.size === 1 ? "type" : "types"} ${quoted(bad)}`);
    if (contexts.some(badUser)) data.push("user may not be set");
    if (contexts.some(badRole)) data.push("role may not be set");
    return violation("seLinuxOptions", `${who} set forbidden securityContext.seLinuxOptions: ${data.join("; ")}`);
  };

const seccompPod = "seccomp.security.alpha.kubernetes.io/pod";
const seccompContainer = "container.seccomp.security.alpha.kubernetes.io/";

/** As it was said before there was a field. */
const seccompAnnotations: Check = (spec, { annotations = {} }) => {
  const keys = [seccompPod, ...containersOf(spec).map(({ name }) => seccompContainer + name)];
  const bad = keys.filter(
    (key) => key in annotations && !/^(runtime\/default$|docker\/default$|localhost\/)/.test(annotations[key] ?? ""),
  );
  if (bad.length === 0) return undefined;
  const list = bad.map((key) => `${key}=${JSON.stringify(annotations[key])}`).sort();
  return violation("seccompProfile", `forbidden ${bad.length === 1 ? "annotation" : "annotations"} ${list.join(", ")}`);
};

const seccompTypes: ReadonlySet<string> = new Set(["RuntimeDefault", "Localhost"]);

const seccomp: Check = (spec) => {
  const bad = ({ seccompProfile: profile }: SecurityContext) =>
    profile !== undefined && !seccompTypes.has(profile.type ?? "");
  const who = setters(spec, bad);
  if (who === undefined) return undefined;
  const values = contextsOf(spec)
    .filter(bad)
    .map(({ seccompProfile }) => seccompProfile?.type ?? "");
  return violation("seccompProfile", `${who} must not set securityContext.seccompProfile.type to ${quoted(values)}`);
};

const seccompRequired: Check = (spec, metadata) => {
  const bad = seccomp(spec, metadata);
  if (bad !== undefined) return bad;
  if (spec.securityContext?.seccompProfile !== undefined) return undefined;
  const names = containersThat(spec, (context) => context.seccompProfile === undefined);
  if (names.length === 0) return undefined;
  return violation(
    "seccompProfile",
    `pod or ${named("container", names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  );
};

const sysctls10 = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_syncookies",
];
const sysctls27 = [...sysctls10, "net.ipv4.ip_local_reserved_ports"];
const sysctls29 = [
  ...sysctls27,
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
];
const sysctls32 = [...sysctls29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];

const sysctlsWithin =
  (safe: readonly string[]): Check =>
  (spec) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safe.includes(name));
    return bad.length === 0 ? undefined : violation("forbidden sysctls", bad.join(", "));
  };

const hostProcess: Check = (spec) => {
  const who = setters(spec, (context) => context.windowsOptions?.hostProcess === true);
  if (who === undefined) return undefined;
  return violation("hostProcess", `${who} must not set securityContext.windowsOptions.hostProcess=true`);
};

/** Windows knows no such thing. */
const exceptOnWindows =
  (check: Check): Check =>
  (spec, metadata) =>
    spec.os?.name === "windows" ? undefined : check(spec, metadata);

/** Root in a user namespace of the pod's own is nobody outside of it. */
const exceptInUserNamespace =
  (check: Check): Check =>
  (spec, metadata) =>
    spec.hostUsers === false ? undefined : check(spec, metadata);

/** A rule as it reads from a minor version on; `instead` names rules of the baseline that it makes superfluous. */
type Versions = readonly { readonly since: number; readonly check: Check; readonly instead?: string }[];

/** In the order in which the original names what is wrong. */
const baseline: Readonly<Record<string, Versions>> = {
  appArmorProfile: [{ since: 0, check: appArmor }],
  capabilities_baseline: [{ since: 0, check: addedCapabilities }],
  hostNamespaces: [{ since: 0, check: hostNamespaces }],
  hostPathVolumes: [{ since: 0, check: hostPathVolumes }],
  hostPorts: [{ since: 0, check: hostPorts }],
  hostProbesAndHostLifecycle: [{ since: 34, check: hostProbes }],
  privileged: [{ since: 0, check: privileged }],
  procMount: [
    { since: 0, check: procMount },
    { since: 35, check: exceptInUserNamespace(procMount) },
  ],
  seLinuxOptions: [
    { since: 0, check: seLinuxAllowing(seLinuxTypes) },
    { since: 31, check: seLinuxAllowing([...seLinuxTypes, "container_engine_t"]) },
  ],
  seccompProfile_baseline: [
    { since: 0, check: seccompAnnotations },
    { since: 19, check: seccomp },
  ],
  sysctls: [
    { since: 0, check: sysctlsWithin(sysctls10) },
    { since: 27, check: sysctlsWithin(sysctls27) },
    { since: 29, check: sysctlsWithin(sysctls29) },
    { since: 32, check: sysctlsWithin(sysctls32) },
  ],
  windowsHostProcess: [{ since: 0, check: hostProcess }],
};

const restricted: Readonly<Record<string, Versions>> = {
  allowPrivilegeEscalation: [
    { since: 8, check: escalation },
    { since: 25, check: exceptOnWindows(escalation) },
  ],
  capabilities_restricted: [
    { since: 22, check: unrestrictedCapabilities, instead: "capabilities_baseline" },
    { since: 25, check: exceptOnWindows(unrestrictedCapabilities), instead: "capabilities_baseline" },
  ],
  procMount_restricted: [{ since: 35, check: procMount, instead: "procMount" }],
  restrictedVolumes: [{ since: 0, check: volumeTypes, instead: "hostPathVolumes" }],
  runAsNonRoot: [
    { since: 0, check: nonRoot },
    { since: 35, check: exceptInUserNamespace(nonRoot) },
  ],
  runAsUser: [
    { since: 23, check: nonZeroUser },
    { since: 35, check: exceptInUserNamespace(nonZeroUser) },
  ],
  seccompProfile_restricted: [
    { since: 19, check: seccompRequired, instead: "seccompProfile_baseline" },
    { since: 25, check: exceptOnWindows(seccompRequired), instead: "seccompProfile_baseline" },
  ],
};

/** The newest version that changed a rule. */
const newestMinor = 35;
const known = new Map<string, readonly Check[]>();

function checksFor(level: Exclude<Level, "privileged">, minor: number): readonly Check[] {
  const key = `${level}:${minor}`;
  let checks = known.get(key);
  if (checks === undefined) {
    checks =
      level === "baseline" ? [...activeAt(baseline, minor).values()].map((rule) => rule.check) : allChecks(minor);
    known.set(key, checks);
  }
  return checks;
}

function allChecks(minor: number): readonly Check[] {
  const stricter = activeAt(restricted, minor);
  const superfluous = new Set([...stricter.values()].map(({ instead }) => instead));
  const kept = [...activeAt(baseline, minor)].filter(([id]) => !superfluous.has(id));
  return [...kept.map(([, rule]) => rule.check), ...[...stricter.values()].map((rule) => rule.check)];
}

function activeAt(rules: Readonly<Record<string, Versions>>, minor: number): Map<string, Versions[number]> {
  const active = new Map<string, Versions[number]>();
  for (const [id, versions] of Object.entries(rules)) {
    const version = versions.findLast(({ since }) => since <= minor);
    if (version !== undefined) active.set(id, version);
  }
  return active;
}
