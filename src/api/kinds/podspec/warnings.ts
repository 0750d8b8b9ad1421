import type { FieldPath } from "../../meta/index.ts";
import { isDNS1123Label, isValidLabelValue, parseQuantity } from "../../meta/index.ts";
import type { Container, NodeSelectorTerm, PodAffinity, PodSpec } from "../../types/index.ts";

const renamedLabels: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** What is valid in a pod's spec and yet hardly meant. An update only warns of what it brings. */
export function podWarnings(spec: PodSpec, path: FieldPath, old?: PodSpec): string[] {
  const out: string[] = [];
  warnNodeSelection(spec, path, out);
  warnPodAffinity(spec.affinity?.podAffinity, path.child("affinity", "podAffinity"), out);
  warnPodAffinity(spec.affinity?.podAntiAffinity, path.child("affinity", "podAntiAffinity"), out);
  for (const [i, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const at = path.child("topologySpreadConstraints").index(i);
    if (!constraint.labelSelector)
      out.push(`${at.child("labelSelector")}: a null labelSelector results in matching no pod`);
    warnLabel(constraint.topologyKey, at.child("topologyKey"), out);
  }
  warnVolumes(spec, path, out);
  warnHostAliases(spec, path, out);
  warnPullSecrets(spec, path, out);
  for (const [i, container] of (spec.initContainers ?? []).entries()) {
    warnContainer(container, path.child("initContainers").index(i), out);
  }
  for (const [i, container] of (spec.containers ?? []).entries()) {
    warnContainer(container, path.child("containers").index(i), out);
  }
  warnPorts(spec, path, out);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    out.push(
      `${path.child("terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  return old === undefined || out.length === 0 ? out : withoutOld(out, podWarnings(old, path));
}

/** Pods take their host name from what owns them; a name with dots in it makes a surprising one. */
export function nameWarnings(name: string, where = "Pod names and hostnames"): string[] {
  const messages = isDNS1123Label(name);
  if (messages.length === 0) return [];
  const advice = `a DNS label is recommended: [${messages.join(" ")}]`;
  return [`metadata.name: this is used in ${where}, which can result in surprising behavior; ${advice}`];
}

const oldVolumes: Readonly<Record<string, string>> = {
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
};

function warnVolumes(spec: PodSpec, path: FieldPath, out: string[]): void {
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    for (const type of Object.keys(volume)) {
      const warning = Object.hasOwn(oldVolumes, type) ? oldVolumes[type] : undefined;
      const at = path
        .child("volumes")
        .index(i)
        .child(type === "storageos" ? "storageOS" : type);
      if (warning !== undefined) out.push(`${at}: ${warning}`);
    }
  }
}

function warnHostAliases(spec: PodSpec, path: FieldPath, out: string[]): void {
  const seen = new Set<string>();
  for (const [i, { ip }] of (spec.hostAliases ?? []).entries()) {
    if (seen.has(ip)) out.push(`${path.child("hostAliases").index(i).child("ip")}: duplicate ip ${JSON.stringify(ip)}`);
    seen.add(ip);
  }
}

function withoutOld(warnings: readonly string[], before: readonly string[]): string[] {
  return warnings.filter((warning) => !before.includes(warning));
}

function warnNodeSelection(spec: PodSpec, path: FieldPath, out: string[]): void {
  for (const key of Object.keys(spec.nodeSelector ?? {})) warnLabel(key, path.child("nodeSelector").key(key), out);
  const affinity = spec.affinity?.nodeAffinity;
  if (!affinity) return;
  const at = path.child("affinity", "nodeAffinity");
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const [i, term] of required.entries()) {
    const terms = at.child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
    warnNodeTerm(term, terms.index(i), out);
  }
  for (const [i, { preference }] of (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const preferred = at.child("preferredDuringSchedulingIgnoredDuringExecution").index(i);
    if (preference) warnNodeTerm(preference, preferred.child("preference"), out);
  }
}

function warnNodeTerm(term: NodeSelectorTerm, path: FieldPath, out: string[]): void {
  for (const [i, { key, values }] of (term.matchExpressions ?? []).entries()) {
    const at = path.child("matchExpressions").index(i);
    warnLabel(key, at.child("key"), out);
    for (const [v, value] of (values ?? []).entries()) {
      for (const message of isValidLabelValue(value)) {
        out.push(`${at.child("values").index(v)}: ${value} is invalid, ${message}`);
      }
    }
  }
}

function warnLabel(key: string, path: FieldPath, out: string[]): void {
  const warning = Object.hasOwn(renamedLabels, key ?? "") ? renamedLabels[key] : undefined;
  if (warning) out.push(`${path}: ${warning}`);
}

function warnPodAffinity(affinity: PodAffinity | undefined, path: FieldPath, out: string[]): void {
  if (!affinity) return;
  const detail = "a null labelSelector results in matching no pod";
  for (const [i, term] of (affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = path.child("requiredDuringSchedulingIgnoredDuringExecution").index(i);
    if (!term.labelSelector) out.push(`${at.child("labelSelector")}: ${detail}`);
  }
  for (const [i, term] of (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = path.child("preferredDuringSchedulingIgnoredDuringExecution").index(i).child("podAffinityTerm");
    if (!term.podAffinityTerm?.labelSelector) out.push(`${at.child("labelSelector")}: ${detail}`);
  }
}

function warnPullSecrets(spec: PodSpec, path: FieldPath, out: string[]): void {
  const seen = new Set<string>();
  for (const [i, { name }] of (spec.imagePullSecrets ?? []).entries()) {
    const at = path.child("imagePullSecrets").index(i);
    if (!name) out.push(`${at}: invalid empty name "${name ?? ""}"`);
    else if (seen.has(name)) out.push(`${at}: duplicate name "${name}"`);
    else seen.add(name);
  }
}

/** Most are written so; anything else is reckoned. */
const wholeBytes = /^\d+(?:[kMGTPE]i?)?$/;

function warnContainer(container: Container, path: FieldPath, out: string[]): void {
  for (const kind of ["limits", "requests"] as const) {
    for (const name of ["memory", "ephemeral-storage"]) {
      const value = container.resources?.[kind]?.[name];
      if (value === undefined || wholeBytes.test(value) || parseQuantity(value).nano % 1_000_000_000n === 0n) continue;
      const at = path.child("resources", kind).key(name);
      out.push(`${at}: fractional byte value "${value}" is invalid, must be an integer`);
    }
  }
  const names = new Set<string>();
  for (const [i, { name, value, valueFrom }] of (container.env ?? []).entries()) {
    // One that builds on the value before it is meant.
    const reference = `$(${name})`;
    const buildsOnIt = valueFrom === undefined && value !== reference && (value ?? "").includes(reference);
    if (names.has(name) && !buildsOnIt) {
      const at = path.child("env").index(i);
      out.push(`${at}: hides previous definition of "${name}", which may be dropped when using apply`);
    }
    names.add(name);
  }
}

/** Two ports of one container, or two of a pod, that are the same. */
function warnPorts(spec: PodSpec, path: FieldPath, out: string[]): void {
  const taken = new Map<string, FieldPath>();
  for (const [c, container] of (spec.containers ?? []).entries()) {
    for (const [p, { containerPort, protocol, hostIP, hostPort }] of (container.ports ?? []).entries()) {
      const at = path.child("containers").index(c).child("ports").index(p);
      const key = `${containerPort}/${protocol}/${hostIP ?? ""}/${hostPort ?? 0}`;
      const before = taken.get(key);
      if (before) out.push(`${at}: duplicate port definition with ${before}`);
      else taken.set(key, at);
    }
  }
}
