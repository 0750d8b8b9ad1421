/**
 * How printed columns are described: by the text of the published field that one shows, or, where it is computed from
 * several fields, in words of our own.
 */

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

const everyKind: Readonly<Record<string, string>> = {
  Name: `${objectMeta}.name`,
  Age: `${objectMeta}.creationTimestamp`,
  "Created At": `${objectMeta}.creationTimestamp`,
};

/** Kind, then column, to the field; `io.k8s.api.` is understood. */
const fieldsOfKinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ConfigMap: {
    Data: "core.v1.ConfigMap.data",
  },
  Scale: {
    Desired: "autoscaling.v1.ScaleSpec.replicas",
    Available: "autoscaling.v1.ScaleStatus.replicas",
  },
  Secret: {
    Type: "core.v1.Secret.type",
    Data: "core.v1.Secret.data",
  },
  Service: {
    Type: "core.v1.ServiceSpec.type",
    "Cluster-IP": "core.v1.ServiceSpec.clusterIP",
    "External-IP": "core.v1.ServiceSpec.externalIPs",
    "Port(s)": "core.v1.ServiceSpec.ports",
    Selector: "core.v1.ServiceSpec.selector",
  },
  Endpoints: {
    Endpoints: "core.v1.Endpoints.subsets",
  },
  Pod: {
    IP: "core.v1.PodStatus.podIP",
    Node: "core.v1.PodSpec.nodeName",
    "Nominated Node": "core.v1.PodStatus.nominatedNodeName",
    "Readiness Gates": "core.v1.PodSpec.readinessGates",
  },
  ReplicationController: {
    Desired: "core.v1.ReplicationControllerSpec.replicas",
    Current: "core.v1.ReplicationControllerStatus.replicas",
    Ready: "core.v1.ReplicationControllerStatus.readyReplicas",
    Selector: "core.v1.ReplicationControllerSpec.selector",
  },
  PersistentVolumeClaim: {
    Status: "core.v1.PersistentVolumeClaimStatus.phase",
    Volume: "core.v1.PersistentVolumeClaimSpec.volumeName",
    Capacity: "core.v1.PersistentVolumeClaimStatus.capacity",
    "Access Modes": "core.v1.PersistentVolumeClaimStatus.accessModes",
    VolumeMode: "core.v1.PersistentVolumeClaimSpec.volumeMode",
  },
  Event: {
    "Last Seen": "core.v1.Event.lastTimestamp",
    Type: "core.v1.Event.type",
    Reason: "core.v1.Event.reason",
    Object: "core.v1.Event.involvedObject",
    Subobject: "core.v1.ObjectReference.fieldPath",
    Source: "core.v1.Event.source",
    Message: "core.v1.Event.message",
    "First Seen": "core.v1.Event.firstTimestamp",
    Count: "core.v1.Event.count",
  },
  Node: {
    Version: "core.v1.NodeSystemInfo.kubeletVersion",
    "Internal-IP": "core.v1.NodeStatus.addresses",
    "External-IP": "core.v1.NodeStatus.addresses",
    "OS-Image": "core.v1.NodeSystemInfo.osImage",
    "Kernel-Version": "core.v1.NodeSystemInfo.kernelVersion",
    "Container-Runtime": "core.v1.NodeSystemInfo.containerRuntimeVersion",
  },
  PersistentVolume: {
    Capacity: "core.v1.PersistentVolumeSpec.capacity",
    "Access Modes": "core.v1.PersistentVolumeSpec.accessModes",
    "Reclaim Policy": "core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy",
    Status: "core.v1.PersistentVolumeStatus.phase",
    Claim: "core.v1.PersistentVolumeSpec.claimRef",
    Reason: "core.v1.PersistentVolumeStatus.reason",
    VolumeMode: "core.v1.PersistentVolumeSpec.volumeMode",
  },
  Deployment: {
    "Up-to-date": "apps.v1.DeploymentStatus.updatedReplicas",
    Available: "apps.v1.DeploymentStatus.availableReplicas",
    Selector: "apps.v1.DeploymentSpec.selector",
  },
  ReplicaSet: {
    Desired: "apps.v1.ReplicaSetSpec.replicas",
    Current: "apps.v1.ReplicaSetStatus.replicas",
    Ready: "apps.v1.ReplicaSetStatus.readyReplicas",
    Selector: "apps.v1.ReplicaSetSpec.selector",
  },
  DaemonSet: {
    Desired: "apps.v1.DaemonSetStatus.desiredNumberScheduled",
    Current: "apps.v1.DaemonSetStatus.currentNumberScheduled",
    Ready: "apps.v1.DaemonSetStatus.numberReady",
    "Up-to-date": "apps.v1.DaemonSetStatus.updatedNumberScheduled",
    Available: "apps.v1.DaemonSetStatus.numberAvailable",
    "Node Selector": "core.v1.PodSpec.nodeSelector",
    Selector: "apps.v1.DaemonSetSpec.selector",
  },
  ControllerRevision: {
    Revision: "apps.v1.ControllerRevision.revision",
  },
  Job: {
    Completions: "batch.v1.JobStatus.succeeded",
    Selector: "batch.v1.JobSpec.selector",
  },
  CronJob: {
    Schedule: "batch.v1.CronJobSpec.schedule",
    Timezone: "batch.v1.CronJobSpec.timeZone",
    Suspend: "batch.v1.CronJobSpec.suspend",
    Active: "batch.v1.CronJobStatus.active",
    "Last Schedule": "batch.v1.CronJobStatus.lastScheduleTime",
    Selector: "batch.v1.JobSpec.selector",
  },
  HorizontalPodAutoscaler: {
    Reference: "autoscaling.v2.HorizontalPodAutoscalerSpec.scaleTargetRef",
    Targets: "autoscaling.v2.HorizontalPodAutoscalerSpec.metrics",
    MinPods: "autoscaling.v1.HorizontalPodAutoscalerSpec.minReplicas",
    MaxPods: "autoscaling.v2.HorizontalPodAutoscalerSpec.maxReplicas",
    Replicas: "autoscaling.v2.HorizontalPodAutoscalerStatus.currentReplicas",
  },
  NetworkPolicy: {
    "Pod-Selector": "networking.v1.NetworkPolicySpec.podSelector",
  },
  ServiceCIDR: {
    CIDRs: "networking.v1.ServiceCIDRSpec.cidrs",
  },
  IPAddress: {
    ParentRef: "networking.v1.IPAddressSpec.parentRef",
  },
  EndpointSlice: {
    AddressType: "discovery.v1.EndpointSlice.addressType",
    Ports: "discovery.v1.EndpointSlice.ports",
    Endpoints: "discovery.v1.EndpointSlice.endpoints",
  },
  Lease: {
    Holder: "coordination.v1.LeaseSpec.holderIdentity",
  },
  StorageClass: {
    Provisioner: "storage.v1.StorageClass.provisioner",
    ReclaimPolicy: "storage.v1.StorageClass.reclaimPolicy",
    VolumeBindingMode: "storage.v1.StorageClass.volumeBindingMode",
    AllowVolumeExpansion: "storage.v1.StorageClass.allowVolumeExpansion",
  },
  CSIDriver: {
    AttachRequired: "storage.v1.CSIDriverSpec.attachRequired",
    PodInfoOnMount: "storage.v1.CSIDriverSpec.podInfoOnMount",
    StorageCapacity: "storage.v1.CSIDriverSpec.storageCapacity",
    TokenRequests: "storage.v1.CSIDriverSpec.tokenRequests",
    RequiresRepublish: "storage.v1.CSIDriverSpec.requiresRepublish",
    Modes: "storage.v1.CSIDriverSpec.volumeLifecycleModes",
  },
  VolumeAttachment: {
    Attacher: "storage.v1.VolumeAttachmentSpec.attacher",
    PV: "storage.v1.VolumeAttachmentSource.persistentVolumeName",
    Node: "storage.v1.VolumeAttachmentSpec.nodeName",
    Attached: "storage.v1.VolumeAttachmentStatus.attached",
  },
  PriorityClass: {
    Value: "scheduling.v1.PriorityClass.value",
    "Global-Default": "scheduling.v1.PriorityClass.globalDefault",
    PreemptionPolicy: "scheduling.v1.PriorityClass.preemptionPolicy",
  },
  CertificateSigningRequest: {
    RequestedDuration: "certificates.v1.CertificateSigningRequestSpec.expirationSeconds",
  },
  PriorityLevelConfiguration: {
    Type: "flowcontrol.v1.PriorityLevelConfigurationSpec.type",
    NominalConcurrencyShares: "flowcontrol.v1.LimitedPriorityLevelConfiguration.nominalConcurrencyShares",
    Queues: "flowcontrol.v1.QueuingConfiguration.queues",
    HandSize: "flowcontrol.v1.QueuingConfiguration.handSize",
    QueueLengthLimit: "flowcontrol.v1.QueuingConfiguration.queueLengthLimit",
  },
  FlowSchema: {
    PriorityLevel: "flowcontrol.v1.PriorityLevelConfigurationReference.name",
    MatchingPrecedence: "flowcontrol.v1.FlowSchemaSpec.matchingPrecedence",
    DistinguisherMethod: "flowcontrol.v1.FlowSchemaSpec.distinguisherMethod",
  },
  ResourceSlice: {
    Node: "resource.v1.ResourceSliceSpec.nodeName",
    Driver: "resource.v1.ResourceSliceSpec.driver",
    Pool: "resource.v1.ResourcePool.name",
  },
};

/** Definition and field of the published API, for example `io.k8s.api.core.v1.ConfigMap.data`. */
export function fieldOfColumn(kind: string, column: string): string | undefined {
  const own = fieldsOfKinds[kind]?.[column];
  return own === undefined ? everyKind[column] : `io.k8s.api.${own}`;
}

const everyComputed: Readonly<Record<string, string>> = {
  Containers: "The containers by name, joined by commas.",
  Images: "The containers' images, joined by commas.",
  Users: "Users that the role is bound to.",
  Groups: "Groups that the role is bound to.",
  ServiceAccounts: "Service accounts that the role is bound to, as namespace/name.",
  Webhooks: "How many webhooks are configured.",
};

/** Kind, then column. */
const computedOfKinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  APIService: {
    Service: "The service that answers for this API version, or Local.",
    Available: "Whether this API version answers, and why not.",
  },
  CertificateSigningRequest: {
    SignerName: "Who is asked to sign.",
    Requestor: "Who made the request.",
    Condition: "What was decided about the request.",
  },
  ClusterRoleBinding: { Role: "The role that is bound." },
  ControllerRevision: { Controller: "The object that keeps this revision." },
  CSINode: { Drivers: "How many storage drivers the node has." },
  Deployment: { Ready: "Replicas that are ready, out of those wanted." },
  FlowSchema: { MissingPL: "Whether the priority level does not exist." },
  Ingress: {
    Class: "The ingress class.",
    Hosts: "Host names that the rules are for.",
    Address: "Where the load balancer is reached.",
    Ports: "Ports that are open: 80, and 443 with TLS.",
  },
  IngressClass: { Controller: "Who serves this class.", Parameters: "The object with the controller's settings." },
  Job: { Status: "Whether the job runs, has ended, or how.", Duration: "How long the job took, or has run." },
  Namespace: { Status: "Whether the namespace is in use or going." },
  Node: { Status: "Whether the node is ready, and closed to new pods.", Roles: "Roles, by the node's labels." },
  PersistentVolume: {
    StorageClass: "The volume's storage class.",
    VolumeAttributesClass: "The class of the volume's attributes.",
  },
  PersistentVolumeClaim: {
    StorageClass: "The storage class asked for.",
    VolumeAttributesClass: "The class of attributes asked for.",
  },
  Pod: {
    Ready: "Containers that are ready, out of all.",
    Status: "What the pod as a whole is doing.",
    Restarts: "How often containers were started again, and when the last time was.",
  },
  PodDisruptionBudget: {
    "Min Available": "Pods that must stay available.",
    "Max Unavailable": "Pods that may be unavailable.",
    "Allowed Disruptions": "Pods that may be evicted now.",
  },
  PodTemplate: { "Pod Labels": "Labels that pods get from the template." },
  ResourceClaim: { State: "Whether devices are allocated and reserved." },
  ResourceQuota: { Request: "Requests in use, out of the quota.", Limit: "Limits in use, out of the quota." },
  RoleBinding: { Role: "The role that is bound." },
  StatefulSet: { Ready: "Replicas that are ready, out of those wanted." },
  ValidatingAdmissionPolicy: {
    Validations: "How many rules the policy has.",
    ParamKind: "The kind of the policy's parameters.",
  },
  ValidatingAdmissionPolicyBinding: {
    PolicyName: "The policy that is bound.",
    ParamRef: "The object with the parameters.",
  },
};

/** The description of a column that shows no single field. */
export function textOfColumn(kind: string, column: string): string | undefined {
  return computedOfKinds[kind]?.[column] ?? everyComputed[column];
}
