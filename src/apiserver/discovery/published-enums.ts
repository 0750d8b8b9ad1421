/**
 * Values of fields that are one of a few, as the original's OpenAPI tells them. The published document leaves them out.
 * By definition (without its common beginning) and field; of lists, the values of an item.
 */
type Enums = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const pullPolicies = ["Always", "IfNotPresent", "Never"];
const messagePolicies = ["FallbackToLogsOnError", "File"];
const protocols = ["SCTP", "TCP", "UDP"];
const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const volumeModes = ["Block", "Filesystem"];
const reclaimPolicies = ["Delete", "Recycle", "Retain"];
const preemptionPolicies = ["Never", "PreemptLowerPriority"];
const profiles = ["Localhost", "RuntimeDefault", "Unconfined"];
const trafficPolicies = ["Cluster", "Local"];
const taintEffects = ["NoExecute", "NoSchedule", "PreferNoSchedule"];
const inclusionPolicies = ["Honor", "Ignore"];
const strategies = ["OnDelete", "RollingUpdate"];
const failurePolicies = ["Fail", "Ignore"];
const matchPolicies = ["Equivalent", "Exact"];
const webhook = {
  failurePolicy: failurePolicies,
  matchPolicy: matchPolicies,
  sideEffects: ["None", "NoneOnDryRun", "Some", "Unknown"],
};
const container = { imagePullPolicy: pullPolicies, terminationMessagePolicy: messagePolicies };
const quotaScopes = [
  "BestEffort",
  "CrossNamespacePodAffinity",
  "NotBestEffort",
  "NotTerminating",
  "PriorityClass",
  "Terminating",
  "VolumeAttributesClass",
];

const enums: Enums = {
  "core.v1.AppArmorProfile": { type: profiles },
  "core.v1.AzureDiskVolumeSource": {
    cachingMode: ["None", "ReadOnly", "ReadWrite"],
    kind: ["Dedicated", "Managed", "Shared"],
  },
  "core.v1.Container": container,
  "core.v1.ContainerPort": { protocol: protocols },
  "core.v1.EndpointPort": { protocol: protocols },
  "core.v1.EphemeralContainer": container,
  "core.v1.HTTPGetAction": { scheme: ["HTTP", "HTTPS"] },
  "core.v1.HostPathVolumeSource": {
    type: ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"],
  },
  "core.v1.ImageVolumeSource": { pullPolicy: pullPolicies },
  "core.v1.ModifyVolumeStatus": { status: ["InProgress", "Infeasible", "Pending"] },
  "core.v1.NamespaceStatus": { phase: ["Active", "Terminating"] },
  "core.v1.NodeSelectorRequirement": { operator: ["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"] },
  "core.v1.NodeStatus": { phase: ["Pending", "Running", "Terminated"] },
  "core.v1.PersistentVolumeClaimSpec": { accessModes, volumeMode: volumeModes },
  "core.v1.PersistentVolumeClaimStatus": { accessModes, phase: ["Bound", "Lost", "Pending"] },
  "core.v1.PersistentVolumeSpec": {
    accessModes,
    persistentVolumeReclaimPolicy: reclaimPolicies,
    volumeMode: volumeModes,
  },
  "core.v1.PersistentVolumeStatus": { phase: ["Available", "Bound", "Failed", "Pending", "Released"] },
  "core.v1.PodSecurityContext": {
    fsGroupChangePolicy: ["Always", "OnRootMismatch"],
    supplementalGroupsPolicy: ["Merge", "Strict"],
  },
  "core.v1.PodSpec": {
    dnsPolicy: ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
    preemptionPolicy: preemptionPolicies,
    restartPolicy: ["Always", "Never", "OnFailure"],
  },
  "core.v1.PodStatus": {
    phase: ["Failed", "Pending", "Running", "Succeeded", "Unknown"],
    qosClass: ["BestEffort", "Burstable", "Guaranteed"],
  },
  "core.v1.PortStatus": { protocol: protocols },
  "core.v1.ResourceQuotaSpec": { scopes: quotaScopes },
  "core.v1.ScopedResourceSelectorRequirement": {
    operator: ["DoesNotExist", "Exists", "In", "NotIn"],
    scopeName: quotaScopes,
  },
  "core.v1.SeccompProfile": { type: profiles },
  "core.v1.SecurityContext": { procMount: ["Default", "Unmasked"] },
  "core.v1.ServicePort": { protocol: protocols },
  "core.v1.ServiceSpec": {
    externalTrafficPolicy: trafficPolicies,
    internalTrafficPolicy: trafficPolicies,
    sessionAffinity: ["ClientIP", "None"],
    type: ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
  },
  "core.v1.Taint": { effect: taintEffects },
  "core.v1.Toleration": { effect: taintEffects, operator: ["Equal", "Exists", "Gt", "Lt"] },
  "core.v1.TopologySpreadConstraint": {
    nodeAffinityPolicy: inclusionPolicies,
    nodeTaintsPolicy: inclusionPolicies,
    whenUnsatisfiable: ["DoNotSchedule", "ScheduleAnyway"],
  },
  "core.v1.VolumeMount": { mountPropagation: ["Bidirectional", "HostToContainer", "None"] },
  "admissionregistration.v1.MatchResources": { matchPolicy: matchPolicies },
  "admissionregistration.v1.MutatingWebhook": { ...webhook, reinvocationPolicy: ["IfNeeded", "Never"] },
  "admissionregistration.v1.RuleWithOperations": {
    operations: ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"],
    scope: ["*", "Cluster", "Namespaced"],
  },
  "admissionregistration.v1.ValidatingAdmissionPolicySpec": { failurePolicy: failurePolicies },
  "admissionregistration.v1.ValidatingWebhook": webhook,
  "apps.v1.DaemonSetUpdateStrategy": { type: strategies },
  "apps.v1.DeploymentStrategy": { type: ["Recreate", "RollingUpdate"] },
  "apps.v1.StatefulSetSpec": { podManagementPolicy: ["OrderedReady", "Parallel"] },
  "apps.v1.StatefulSetUpdateStrategy": { type: strategies },
  "batch.v1.CronJobSpec": { concurrencyPolicy: ["Allow", "Forbid", "Replace"] },
  "batch.v1.JobSpec": {
    completionMode: ["Indexed", "NonIndexed"],
    podReplacementPolicy: ["Failed", "TerminatingOrFailed"],
  },
  "batch.v1.PodFailurePolicyOnExitCodesRequirement": { operator: ["In", "NotIn"] },
  "batch.v1.PodFailurePolicyRule": { action: ["Count", "FailIndex", "FailJob", "Ignore"] },
  "discovery.v1.EndpointSlice": { addressType: ["FQDN", "IPv4", "IPv6"] },
  "networking.v1.HTTPIngressPath": { pathType: ["Exact", "ImplementationSpecific", "Prefix"] },
  "networking.v1.NetworkPolicyPort": { protocol: protocols },
  "networking.v1.NetworkPolicySpec": { policyTypes: ["Egress", "Ingress"] },
  "policy.v1.PodDisruptionBudgetSpec": { unhealthyPodEvictionPolicy: ["AlwaysAllow", "IfHealthyBudget"] },
  "scheduling.v1.PriorityClass": { preemptionPolicy: preemptionPolicies },
  "storage.v1.StorageClass": {
    reclaimPolicy: reclaimPolicies,
    volumeBindingMode: ["Immediate", "WaitForFirstConsumer"],
  },
};

const beginning = "io.k8s.api.";

/** The values that a field of a definition such as `io.k8s.api.core.v1.PodSpec` may have, if they are few and told. */
export function publishedEnum(definition: string, field: string): readonly string[] | undefined {
  if (!definition.startsWith(beginning)) return undefined;
  return enums[definition.slice(beginning.length)]?.[field];
}

/** For tests: all that are told. */
export function* publishedEnumFields(): Generator<readonly [definition: string, field: string]> {
  for (const [name, fields] of Object.entries(enums)) {
    for (const field of Object.keys(fields)) yield [beginning + name, field];
  }
}
