import type { JsonObject } from "../meta/index.ts";
import type { FieldShape, ObjectShape, Shape } from "../schema/index.ts";
import { givenValue, shapeByName } from "../schema/index.ts";

/**
 * Values as the original's messages print them: its internal structs have no wire names, so that every field is there
 * under its Go name, in the order of declaration, and what is not set is null or empty.
 */
export function goValue(value: unknown, definition: string): unknown {
  const shape = shapeByName(definition);
  return shape === undefined ? (value ?? null) : printed(value, shape);
}

function printed(value: unknown, shape: Shape): unknown {
  if (value === undefined || value === null) return null;
  switch (shape.kind) {
    case "object":
      return isMeta(shape) ? value : struct(value as JsonObject, shape);
    case "list":
      return (value as unknown[]).map((item) => printed(item, shape.items));
    case "map":
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printed(item, shape.values)]));
    default:
      return value;
  }
}

/** Types of the machinery are the same inside and on the wire. */
function isMeta(shape: ObjectShape): boolean {
  return shape.name.includes(".apimachinery.");
}

function struct(value: JsonObject, shape: ObjectShape): JsonObject {
  const layout = layouts[shape.name.slice(shape.name.lastIndexOf(".") + 1)];
  const names = layout?.order ?? namesOf(shape);
  const out: Record<string, unknown> = {};
  for (const name of names) {
    const field = shape.fields.get(name);
    if (field?.name === "metadata")
      Object.assign(out, value.metadata); // embedded
    else if (field) out[goName(name)] = fieldValue(givenValue(value, name), field);
  }
  layout?.complete?.(value, out);
  return out as JsonObject;
}

function namesOf(shape: ObjectShape): string[] {
  // Objects of the API say their type nowhere inside; references to them do.
  const isObject = shape.fields.has("metadata");
  const fields = [...shape.fields.values()].filter(
    ({ name }) => !isObject || (name !== "apiVersion" && name !== "kind"),
  );
  return fields.sort((a, b) => (a.protoId ?? 0) - (b.protoId ?? 0)).map((field) => field.name);
}

function fieldValue(value: unknown, field: FieldShape): unknown {
  if (value !== undefined && value !== null) return printed(value, field.shape);
  const { shape } = field;
  if (shape.kind === "object") return field.always && !isMeta(shape) ? struct({}, shape) : null;
  if (shape.kind !== "scalar" || !(field.omitZero || field.always || field.required)) return null;
  if (shape.scalar === "boolean") return false;
  return shape.scalar === "int32" || shape.scalar === "int64" || shape.scalar === "number" ? 0 : "";
}

const upperCase: Readonly<Record<string, string>> = {
  apiGroup: "APIGroup",
  apiGroups: "APIGroups",
  apiVersion: "APIVersion",
  apiVersions: "APIVersions",
  tty: "TTY",
  dnsPolicy: "DNSPolicy",
  dnsConfig: "DNSConfig",
  hostPID: "HostPID",
  hostIPC: "HostIPC",
  os: "OS",
  cel: "CEL",
  setHostnameAsFQDN: "SetHostnameAsFQDN",
};

function goName(name: string): string {
  return upperCase[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

interface Layout {
  /** Where the internal struct's order is not that of the protobuf numbers. */
  readonly order?: readonly string[];
  complete?(value: JsonObject, out: Record<string, unknown>): void;
}

const container = [
  "name",
  "image",
  "command",
  "args",
  "workingDir",
  "ports",
  "envFrom",
  "env",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
  "volumeMounts",
  "volumeDevices",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "terminationMessagePath",
  "terminationMessagePolicy",
  "imagePullPolicy",
  "securityContext",
  "stdin",
  "stdinOnce",
  "tty",
];

const layouts: Readonly<Record<string, Layout>> = {
  Container: { order: container },
  RoleRef: { order: ["apiGroup", "kind", "name"] },
  PodSpec: {
    order: [
      "volumes",
      "initContainers",
      "containers",
      "ephemeralContainers",
      "restartPolicy",
      "terminationGracePeriodSeconds",
      "activeDeadlineSeconds",
      "dnsPolicy",
      "nodeSelector",
      "serviceAccountName",
      "automountServiceAccountToken",
      "nodeName",
      "securityContext",
      "imagePullSecrets",
      "hostname",
      "subdomain",
      "setHostnameAsFQDN",
      "affinity",
      "schedulerName",
      "tolerations",
      "hostAliases",
      "priorityClassName",
      "priority",
      "preemptionPolicy",
      "dnsConfig",
      "readinessGates",
      "runtimeClassName",
      "overhead",
      "enableServiceLinks",
      "topologySpreadConstraints",
      "os",
      "schedulingGates",
      "resourceClaims",
      "resources",
      "hostnameOverride",
      "schedulingGroup",
    ],
    complete(spec, out) {
      out.SecurityContext = podSecurityContext(spec, (out.SecurityContext ?? {}) as JsonObject);
    },
  },
  ResourceRequirements: { order: ["limits", "requests", "claims"] },
};

/** Inside, what a pod shares with its host lies in the security context. */
function podSecurityContext(spec: JsonObject, context: JsonObject): JsonObject {
  const shared = {
    HostNetwork: spec.hostNetwork ?? false,
    HostPID: spec.hostPID ?? false,
    HostIPC: spec.hostIPC ?? false,
    ShareProcessNamespace: spec.shareProcessNamespace ?? null,
    HostUsers: spec.hostUsers ?? null,
  };
  const own = securityContextFields.map(([name, printedName]) => [printedName ?? name, context[name] ?? null]);
  return { ...shared, ...Object.fromEntries(own) };
}

/** By the names that goName gives, and as Go has them where that differs. */
const securityContextFields: readonly (readonly [name: string, printedName?: string])[] = [
  ["SeLinuxOptions", "SELinuxOptions"],
  ["WindowsOptions"],
  ["RunAsUser"],
  ["RunAsGroup"],
  ["RunAsNonRoot"],
  ["SupplementalGroups"],
  ["SupplementalGroupsPolicy"],
  ["FsGroup", "FSGroup"],
  ["FsGroupChangePolicy", "FSGroupChangePolicy"],
  ["Sysctls"],
  ["SeccompProfile"],
  ["AppArmorProfile"],
  ["SeLinuxChangePolicy", "SELinuxChangePolicy"],
];
