import type { KubeObject } from "../../api/meta/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { type Level, type SecuredPodSpec, violations } from "./pod-security-checks.ts";
import { refuse } from "./refusal.ts";

const prefix = "pod-security.kubernetes.io/";

/** Holds pods to the security level that their namespace's labels enforce, and warns by the level they warn of. */
export function podSecurity(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PodSecurity",
    handles: ({ operation, kind, subresource }) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      (subresource === "" || subresource === "ephemeralcontainers") &&
      `${kind.group}/${kind.resource}` in templates,
    async validate(attributes) {
      const { kind, object, namespace } = attributes;
      const read = templates[`${kind.group}/${kind.resource}`];
      const spec = object && read?.(object as KubeObject & { spec?: Template });
      if (spec === undefined) return;
      const labels = (await lookup.get("", "namespaces", "", namespace))?.metadata.labels ?? {};
      const isPod = kind.group === "" && kind.resource === "pods";
      if (isPod) enforce(attributes, labels, spec);
      warnOf(attributes, labels, spec);
    },
  };
}

interface Template extends SecuredPodSpec {
  template?: { spec?: SecuredPodSpec };
  jobTemplate?: { spec?: { template?: { spec?: SecuredPodSpec } } };
}

type Read = (object: KubeObject & { spec?: Template }) => SecuredPodSpec | undefined;
const ofTemplate: Read = ({ spec }) => spec?.template?.spec;

/** Where the kinds that make pods say what pods they make. */
const templates: Readonly<Record<string, Read>> = {
  "/pods": ({ spec }) => spec,
  "/replicationcontrollers": ofTemplate,
  "apps/daemonsets": ofTemplate,
  "apps/deployments": ofTemplate,
  "apps/replicasets": ofTemplate,
  "apps/statefulsets": ofTemplate,
  "batch/cronjobs": ({ spec }) => spec?.jobTemplate?.spec?.template?.spec,
  "batch/jobs": ofTemplate,
};

type Labels = Readonly<Record<string, string>>;

function enforce(attributes: Attributes, labels: Labels, spec: SecuredPodSpec): void {
  const found = violations(levelOf(labels, "enforce"), spec);
  if (found !== "") throw refuse(attributes, `violates PodSecurity ${policyOf(labels, "enforce")}: ${found}`);
}

function warnOf(attributes: Attributes, labels: Labels, spec: SecuredPodSpec): void {
  const found = violations(levelOf(labels, "warn"), spec);
  if (found !== "") attributes.warn(`would violate PodSecurity ${policyOf(labels, "warn")}: ${found}`);
}

function levelOf(labels: Labels, mode: "enforce" | "warn"): Level {
  const value = labels[prefix + mode];
  if (value === undefined || value === "privileged" || value === "baseline") return value ?? "privileged";
  return "restricted"; // what is misspelt must not open the door
}

function policyOf(labels: Labels, mode: "enforce" | "warn"): string {
  return JSON.stringify(`${levelOf(labels, mode)}:${labels[`${prefix}${mode}-version`] ?? "latest"}`);
}
