import { ApiError, errorMessage, type KubeObject } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { type SecuredMetadata, type SecuredPodSpec, violationReasons, violations } from "./pod-security-checks.ts";
import {
  type Exemptions,
  type LevelVersion,
  type Policy,
  policyOf,
  policyText,
  readPodSecurityConfiguration,
  strictness,
} from "./pod-security-policy.ts";
import { refuse } from "./refusal.ts";

/** Existing pods that a new level of their namespace is tried on. */
const podsTriedMax = 3000;

/** Holds pods to the security level that their namespace's labels enforce, and warns by the level they warn of. */
export function podSecurity(lookup: Lookup, configuration?: unknown): AdmissionPlugin {
  const { defaults, exemptions } = readPodSecurityConfiguration(configuration);
  return {
    name: "PodSecurity",
    handles: isLookedAt,
    async validate(attributes) {
      if (isNamespace(attributes)) return checkNamespace(attributes, lookup, defaults, exemptions);
      if (exemptions.namespaces.includes(attributes.namespace)) return;
      if (exemptions.usernames.includes(attributes.user.name)) return;
      await checkPod(attributes, lookup, defaults, exemptions);
    },
  };
}

function isNamespace({ kind }: Attributes): boolean {
  return kind.group === "" && kind.resource === "namespaces";
}

function isPod({ kind }: Attributes): boolean {
  return kind.group === "" && kind.resource === "pods";
}

const podParts: ReadonlySet<string> = new Set(["", "ephemeralcontainers", "resize"]);

function isLookedAt(attributes: Attributes): boolean {
  const { operation, kind, subresource } = attributes;
  if (operation !== "CREATE" && operation !== "UPDATE") return false;
  if (isPod(attributes)) return podParts.has(subresource);
  return subresource === "" && (isNamespace(attributes) || `${kind.group}/${kind.resource}` in templates);
}

interface Template {
  readonly metadata?: SecuredMetadata;
  readonly spec?: SecuredPodSpec;
}
type Owner = KubeObject & {
  template?: Template;
  spec?: { template?: Template; jobTemplate?: { spec?: { template?: Template } } };
};

const ofSpec = ({ spec }: Owner) => spec?.template;

/** Where the kinds that make pods say what pods they make. */
const templates: Readonly<Record<string, (object: Owner) => Template | undefined>> = {
  "/pods": (object) => object as Template,
  "/podtemplates": ({ template }) => template,
  "/replicationcontrollers": ofSpec,
  "apps/daemonsets": ofSpec,
  "apps/deployments": ofSpec,
  "apps/replicasets": ofSpec,
  "apps/statefulsets": ofSpec,
  "batch/cronjobs": ({ spec }) => spec?.jobTemplate?.spec?.template,
  "batch/jobs": ofSpec,
};

async function checkPod(
  attributes: Attributes,
  lookup: Lookup,
  defaults: Policy,
  exemptions: Exemptions,
): Promise<void> {
  const { kind, object, old, operation } = attributes;
  const enforces = isPod(attributes);
  const { policy, wrong } = policyOf(await lookup.get("", "namespaces", "", attributes.namespace), defaults);
  const modes = enforces ? [policy.enforce, policy.audit, policy.warn] : [policy.audit, policy.warn];
  if (wrong.length === 0 && modes.every(({ level }) => level === "privileged")) return;
  if (enforces && operation === "UPDATE" && !changesSecurity(object as Pod, old as Pod | undefined)) return;
  const template = object && templates[`${kind.group}/${kind.resource}`]?.(object as Owner);
  if (template?.spec === undefined || exemptions.runtimeClasses.includes(template.spec.runtimeClassName ?? "")) return;
  if (wrong.length > 0)
    attributes.audit?.(
      "pod-security.kubernetes.io/error",
      `Failed to parse policy: ${wrong.map(errorMessage).join(", ")}`,
    );
  evaluate(attributes, policy, template.metadata ?? {}, template.spec, enforces);
}

function evaluate(
  attributes: Attributes,
  policy: Policy,
  metadata: SecuredMetadata,
  spec: SecuredPodSpec,
  enforces: boolean,
): void {
  const would = ({ level, minor }: LevelVersion) => {
    const found = violations(level, spec, { minor, metadata });
    return found === "" ? "" : `PodSecurity ${JSON.stringify(policyText({ level, minor }))}: ${found}`;
  };
  if (enforces) attributes.audit?.("pod-security.kubernetes.io/enforce-policy", policyText(policy.enforce));
  const enforced = enforces ? would(policy.enforce) : "";
  const audited = would(policy.audit);
  if (audited !== "") attributes.audit?.("pod-security.kubernetes.io/audit-violations", `would violate ${audited}`);
  if (enforced !== "") throw refuse(attributes, `violates ${enforced}`);
  const warned = would(policy.warn);
  if (warned !== "") attributes.warn(`would violate ${warned}`);
}

/** Of what may change in a running pod only images and new containers matter. */
function changesSecurity(pod: Pod, old: Pod | undefined): boolean {
  if (old === undefined) return true;
  const imagesOf = ({ spec }: Pod) =>
    JSON.stringify(
      [spec.containers, spec.initContainers, spec.ephemeralContainers].map((list) =>
        (list ?? []).map(({ name, image }) => [name, image]),
      ),
    );
  return imagesOf(pod) !== imagesOf(old);
}

/** Labels must make sense, and who makes a namespace stricter is told which pods of it would not be let in. */
async function checkNamespace(
  attributes: Attributes,
  lookup: Lookup,
  defaults: Policy,
  exemptions: Exemptions,
): Promise<void> {
  const { object, old, operation, name } = attributes;
  const { policy, wrong } = policyOf(object, defaults);
  const text = wrong.map(errorMessage).join(", ");
  if (operation === "CREATE") {
    if (wrong.length > 0) throw invalidLabels(attributes, wrong.length > 1 ? `[${text}]` : text);
    return;
  }
  const before = policyOf(old, defaults);
  if (wrong.length > 0 && text !== before.wrong.map(errorMessage).join(", "))
    throw invalidLabels(attributes, wrong.length > 1 ? `[${text}]` : text);
  const [next, was] = [policy.enforce, before.policy.enforce];
  if (policyText(next) === policyText(was) || next.level === "privileged") return;
  if (next.minor === was.minor && strictness(next.level) <= strictness(was.level)) return;
  if (exemptions.namespaces.includes(name)) return;
  const namespace = name || (object?.metadata.name ?? "");
  const pods = [...(await lookup.list("", "pods", namespace))] as Pod[];
  for (const warning of warningsOf(namespace, pods, next, exemptions)) attributes.warn(warning);
}

function warningsOf(namespace: string, pods: readonly Pod[], next: LevelVersion, exemptions: Exemptions): string[] {
  const byReason = new Map<string, string[]>();
  for (const { metadata, spec } of pods.slice(0, podsTriedMax)) {
    if (exemptions.runtimeClasses.includes(spec.runtimeClassName ?? "")) continue;
    // A pod's generated type says all that is looked at here, only more strictly.
    const reason = violationReasons(next.level, spec as SecuredPodSpec, { minor: next.minor, metadata });
    if (reason !== "") byReason.set(reason, [...(byReason.get(reason) ?? []), metadata.name ?? ""]);
  }
  const warnings: string[] = [];
  if (pods.length > podsTriedMax) {
    const text = `new PodSecurity enforce level only checked against the first ${podsTriedMax} of ${pods.length} existing pods`;
    warnings.push(text);
  }
  if (byReason.size === 0) return warnings;
  const level = JSON.stringify(policyText(next));
  warnings.push(
    `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${level}`,
  );
  return [...warnings, ...[...byReason].map(([reason, names]) => `${several(names)}: ${reason}`).sort()];
}

function several(names: readonly string[]): string {
  const first = [...names].sort()[0] ?? "";
  const others = names.length - 1;
  if (others === 0) return first;
  return `${first} (and ${others} other ${others === 1 ? "pod" : "pods"})`;
}

function invalidLabels({ name, object }: Attributes, why: string): ApiError {
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `namespaces ${JSON.stringify(name || object?.metadata.name)} is invalid: ${why}`,
    reason: "Invalid",
    details: { name: name || object?.metadata.name, kind: "namespaces" },
    code: 422,
  });
}
