/** The built-in resources in their stable versions, each typed by its objects. */
import type { KubeObject } from "../api/meta/index.ts";
import type {
  APIService,
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ComponentStatus,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  DeviceClass,
  EndpointSlice,
  Endpoints,
  Event,
  EventEventsV1,
  FlowSchema,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  IPAddress,
  Job,
  Lease,
  LimitRange,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodTemplate,
  PriorityClass,
  PriorityLevelConfiguration,
  ReplicaSet,
  ReplicationController,
  ResourceClaimResourceV1,
  ResourceClaimTemplate,
  ResourceQuota,
  ResourceSlice,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
  ServiceCIDR,
  StatefulSet,
  StorageClass,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
  VolumeAttachment,
  VolumeAttributesClass,
} from "../api/types/index.ts";
import type { ResourceType } from "./client.ts";

function namespaced<T extends KubeObject>(
  group: string,
  version: string,
  resource: string,
  kind: T["kind"],
): ResourceType<T> {
  return { group, version, resource, kind, namespaced: true };
}

function clusterScoped<T extends KubeObject>(
  group: string,
  version: string,
  resource: string,
  kind: T["kind"],
): ResourceType<T> {
  return { group, version, resource, kind, namespaced: false };
}

export const componentstatuses = clusterScoped<ComponentStatus>("", "v1", "componentstatuses", "ComponentStatus");
export const configmaps = namespaced<ConfigMap>("", "v1", "configmaps", "ConfigMap");
export const endpoints = namespaced<Endpoints>("", "v1", "endpoints", "Endpoints");
export const events = namespaced<Event>("", "v1", "events", "Event");
export const limitranges = namespaced<LimitRange>("", "v1", "limitranges", "LimitRange");
export const namespaces = clusterScoped<Namespace>("", "v1", "namespaces", "Namespace");
export const nodes = clusterScoped<Node>("", "v1", "nodes", "Node");
export const persistentvolumeclaims = namespaced<PersistentVolumeClaim>(
  "",
  "v1",
  "persistentvolumeclaims",
  "PersistentVolumeClaim",
);
export const persistentvolumes = clusterScoped<PersistentVolume>("", "v1", "persistentvolumes", "PersistentVolume");
export const pods = namespaced<Pod>("", "v1", "pods", "Pod");
export const podtemplates = namespaced<PodTemplate>("", "v1", "podtemplates", "PodTemplate");
export const replicationcontrollers = namespaced<ReplicationController>(
  "",
  "v1",
  "replicationcontrollers",
  "ReplicationController",
);
export const resourcequotas = namespaced<ResourceQuota>("", "v1", "resourcequotas", "ResourceQuota");
export const secrets = namespaced<Secret>("", "v1", "secrets", "Secret");
export const serviceaccounts = namespaced<ServiceAccount>("", "v1", "serviceaccounts", "ServiceAccount");
export const services = namespaced<Service>("", "v1", "services", "Service");

export const mutatingadmissionpolicies = clusterScoped<MutatingAdmissionPolicy>(
  "admissionregistration.k8s.io",
  "v1",
  "mutatingadmissionpolicies",
  "MutatingAdmissionPolicy",
);
export const mutatingadmissionpolicybindings = clusterScoped<MutatingAdmissionPolicyBinding>(
  "admissionregistration.k8s.io",
  "v1",
  "mutatingadmissionpolicybindings",
  "MutatingAdmissionPolicyBinding",
);
export const mutatingwebhookconfigurations = clusterScoped<MutatingWebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "mutatingwebhookconfigurations",
  "MutatingWebhookConfiguration",
);
export const validatingadmissionpolicies = clusterScoped<ValidatingAdmissionPolicy>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingadmissionpolicies",
  "ValidatingAdmissionPolicy",
);
export const validatingadmissionpolicybindings = clusterScoped<ValidatingAdmissionPolicyBinding>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingadmissionpolicybindings",
  "ValidatingAdmissionPolicyBinding",
);
export const validatingwebhookconfigurations = clusterScoped<ValidatingWebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingwebhookconfigurations",
  "ValidatingWebhookConfiguration",
);

export const customresourcedefinitions = clusterScoped<CustomResourceDefinition>(
  "apiextensions.k8s.io",
  "v1",
  "customresourcedefinitions",
  "CustomResourceDefinition",
);

export const apiservices = clusterScoped<APIService>("apiregistration.k8s.io", "v1", "apiservices", "APIService");

export const controllerrevisions = namespaced<ControllerRevision>(
  "apps",
  "v1",
  "controllerrevisions",
  "ControllerRevision",
);
export const daemonsets = namespaced<DaemonSet>("apps", "v1", "daemonsets", "DaemonSet");
export const deployments = namespaced<Deployment>("apps", "v1", "deployments", "Deployment");
export const replicasets = namespaced<ReplicaSet>("apps", "v1", "replicasets", "ReplicaSet");
export const statefulsets = namespaced<StatefulSet>("apps", "v1", "statefulsets", "StatefulSet");

export const horizontalpodautoscalers = namespaced<HorizontalPodAutoscaler>(
  "autoscaling",
  "v2",
  "horizontalpodautoscalers",
  "HorizontalPodAutoscaler",
);

export const cronjobs = namespaced<CronJob>("batch", "v1", "cronjobs", "CronJob");
export const jobs = namespaced<Job>("batch", "v1", "jobs", "Job");

export const certificatesigningrequests = clusterScoped<CertificateSigningRequest>(
  "certificates.k8s.io",
  "v1",
  "certificatesigningrequests",
  "CertificateSigningRequest",
);

export const leases = namespaced<Lease>("coordination.k8s.io", "v1", "leases", "Lease");

export const endpointslices = namespaced<EndpointSlice>("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");

export const eventsV1 = namespaced<EventEventsV1>("events.k8s.io", "v1", "events", "Event");

export const flowschemas = clusterScoped<FlowSchema>("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema");
export const prioritylevelconfigurations = clusterScoped<PriorityLevelConfiguration>(
  "flowcontrol.apiserver.k8s.io",
  "v1",
  "prioritylevelconfigurations",
  "PriorityLevelConfiguration",
);

export const ingressclasses = clusterScoped<IngressClass>("networking.k8s.io", "v1", "ingressclasses", "IngressClass");
export const ingresses = namespaced<Ingress>("networking.k8s.io", "v1", "ingresses", "Ingress");
export const ipaddresses = clusterScoped<IPAddress>("networking.k8s.io", "v1", "ipaddresses", "IPAddress");
export const networkpolicies = namespaced<NetworkPolicy>("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy");
export const servicecidrs = clusterScoped<ServiceCIDR>("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR");

export const runtimeclasses = clusterScoped<RuntimeClass>("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass");

export const poddisruptionbudgets = namespaced<PodDisruptionBudget>(
  "policy",
  "v1",
  "poddisruptionbudgets",
  "PodDisruptionBudget",
);

export const clusterrolebindings = clusterScoped<ClusterRoleBinding>(
  "rbac.authorization.k8s.io",
  "v1",
  "clusterrolebindings",
  "ClusterRoleBinding",
);
export const clusterroles = clusterScoped<ClusterRole>(
  "rbac.authorization.k8s.io",
  "v1",
  "clusterroles",
  "ClusterRole",
);
export const rolebindings = namespaced<RoleBinding>("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding");
export const roles = namespaced<Role>("rbac.authorization.k8s.io", "v1", "roles", "Role");

export const deviceclasses = clusterScoped<DeviceClass>("resource.k8s.io", "v1", "deviceclasses", "DeviceClass");
export const resourceclaims = namespaced<ResourceClaimResourceV1>(
  "resource.k8s.io",
  "v1",
  "resourceclaims",
  "ResourceClaim",
);
export const resourceclaimtemplates = namespaced<ResourceClaimTemplate>(
  "resource.k8s.io",
  "v1",
  "resourceclaimtemplates",
  "ResourceClaimTemplate",
);
export const resourceslices = clusterScoped<ResourceSlice>("resource.k8s.io", "v1", "resourceslices", "ResourceSlice");

export const priorityclasses = clusterScoped<PriorityClass>(
  "scheduling.k8s.io",
  "v1",
  "priorityclasses",
  "PriorityClass",
);

export const csidrivers = clusterScoped<CSIDriver>("storage.k8s.io", "v1", "csidrivers", "CSIDriver");
export const csinodes = clusterScoped<CSINode>("storage.k8s.io", "v1", "csinodes", "CSINode");
export const csistoragecapacities = namespaced<CSIStorageCapacity>(
  "storage.k8s.io",
  "v1",
  "csistoragecapacities",
  "CSIStorageCapacity",
);
export const storageclasses = clusterScoped<StorageClass>("storage.k8s.io", "v1", "storageclasses", "StorageClass");
export const volumeattachments = clusterScoped<VolumeAttachment>(
  "storage.k8s.io",
  "v1",
  "volumeattachments",
  "VolumeAttachment",
);
export const volumeattributesclasses = clusterScoped<VolumeAttributesClass>(
  "storage.k8s.io",
  "v1",
  "volumeattributesclasses",
  "VolumeAttributesClass",
);
