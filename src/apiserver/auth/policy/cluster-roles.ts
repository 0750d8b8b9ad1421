import { nodeRuleFacts } from "./node-rules.ts";
import { events, type RuleFacts, read, readUpdate, write } from "./rule-facts.ts";

export interface ClusterRoleFacts {
  readonly rules?: readonly RuleFacts[];
  /** The role gathers the rules of the roles with the label `aggregate-to-…` of this name. */
  readonly aggregates?: "admin" | "edit" | "view";
  /** The role's rules belong to the gathering role of this name. */
  readonly aggregatedTo?: "admin" | "edit" | "view";
  readonly bound?: BoundFacts;
}

/** To whom the role is bound by a binding of its own name. */
export interface BoundFacts {
  readonly groups?: readonly string[];
  readonly users?: readonly string[];
  /** namespace/name */
  readonly accounts?: readonly string[];
}

const authenticated = "system:authenticated";
const unauthenticated = "system:unauthenticated";
const interactivePods = "pods/attach pods/exec pods/portforward pods/proxy";
const approvers = {
  "legacy-unknown-approver": "kubernetes.io/legacy-unknown",
  "kubelet-serving-approver": "kubernetes.io/kubelet-serving",
  "kube-apiserver-client-approver": "kubernetes.io/kube-apiserver-client",
  "kube-apiserver-client-kubelet-approver": "kubernetes.io/kube-apiserver-client-kubelet",
};

const viewRules: readonly RuleFacts[] = [
  [
    read,
    "core",
    "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
  ],
  [
    read,
    "core",
    "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
  ],
  [read, "core", "namespaces"],
  [read, "discovery.k8s.io", "endpointslices"],
  [
    read,
    "apps",
    "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
  ],
  [read, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"],
  [read, "batch", "cronjobs cronjobs/status jobs jobs/status"],
  [
    read,
    "extensions",
    "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
  ],
  [read, "policy", "poddisruptionbudgets poddisruptionbudgets/status"],
  [read, "networking.k8s.io", "ingresses ingresses/status networkpolicies"],
  [read, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"],
];

const editRules: readonly RuleFacts[] = [
  [read, "core", `${interactivePods} secrets services/proxy`],
  ["impersonate", "core", "serviceaccounts"],
  [write, "core", `pods ${interactivePods}`],
  ["create", "core", "pods/eviction"],
  [
    write,
    "core",
    "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
  ],
  ["create", "core", "serviceaccounts/token"],
  [
    write,
    "apps",
    "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
  ],
  [write, "autoscaling", "horizontalpodautoscalers"],
  [write, "batch", "cronjobs jobs"],
  [
    write,
    "extensions",
    "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
  ],
  [write, "policy", "poddisruptionbudgets"],
  [write, "networking.k8s.io", "ingresses networkpolicies"],
  [`${read} ${write}`, "coordination.k8s.io", "leases"],
  [write, "resource.k8s.io", "resourceclaims resourceclaimtemplates"],
];

const controllerManagerRules: readonly RuleFacts[] = [
  events,
  ["create", "coordination.k8s.io", "leases"],
  ["get update", "coordination.k8s.io", "leases", "kube-controller-manager"],
  ["create", "core", "secrets serviceaccounts"],
  ["delete", "core", "secrets"],
  ["get", "core", "configmaps namespaces secrets serviceaccounts"],
  ["update", "core", "secrets serviceaccounts"],
  ["create", "authentication.k8s.io", "tokenreviews"],
  ["create", "authorization.k8s.io", "subjectaccessreviews"],
  ["list watch", "*", "*"],
  ["create", "core", "serviceaccounts/token"],
];

const schedulerRules: readonly RuleFacts[] = [
  events,
  ["create", "coordination.k8s.io", "leases"],
  ["get list watch update", "coordination.k8s.io", "leases", "kube-scheduler"],
  ["create", "coordination.k8s.io", "leasecandidates"],
  ["get list watch update patch delete", "coordination.k8s.io", "leasecandidates"],
  [read, "core", "nodes"],
  ["get list watch delete", "core", "pods"],
  ["create", "core", "bindings pods/binding"],
  ["patch update", "core", "pods/status"],
  [read, "core", "replicationcontrollers services"],
  [read, "apps extensions", "replicasets"],
  [read, "apps", "statefulsets"],
  [read, "policy", "poddisruptionbudgets"],
  [read, "core", "persistentvolumeclaims persistentvolumes"],
  ["create", "authentication.k8s.io", "tokenreviews"],
  ["create", "authorization.k8s.io", "subjectaccessreviews"],
  [read, "storage.k8s.io", "csinodes"],
  [read, "core", "namespaces"],
  [read, "storage.k8s.io", "csidrivers"],
  [read, "storage.k8s.io", "csistoragecapacities"],
  [read, "storage.k8s.io", "volumeattachments"],
  [read, "resource.k8s.io", "deviceclasses"],
  ["get list watch update patch", "resource.k8s.io", "resourceclaims"],
  ["update patch", "resource.k8s.io", "resourceclaims/status"],
  ["update patch", "resource.k8s.io", "resourceclaims/binding"],
  [read, "resource.k8s.io", "resourceslices"],
  [read, "resource.k8s.io", "devicetaintrules"],
  ["get list watch patch update", "core", "pods/finalizers"],
];

/** The cluster roles that a cluster starts with, and to whom they are bound. Those of controllers are apart. */
export const clusterRoleFacts: Readonly<Record<string, ClusterRoleFacts>> = {
  "cluster-admin": {
    rules: [["*", "*", "*"], { verbs: "*", paths: "*" }],
    bound: { groups: ["system:masters"] },
  },
  "system:discovery": {
    rules: [
      {
        verbs: "get",
        paths: "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/",
      },
    ],
    bound: { groups: [authenticated] },
  },
  "system:monitoring": {
    rules: [
      {
        verbs: "get",
        paths: "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*",
      },
    ],
    bound: { groups: ["system:monitoring"] },
  },
  "system:basic-user": {
    rules: [
      ["create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"],
      ["create", "authentication.k8s.io", "selfsubjectreviews"],
    ],
    bound: { groups: [authenticated] },
  },
  "system:public-info-viewer": {
    rules: [{ verbs: "get", paths: "/healthz /livez /readyz /version /version/" }],
    bound: { groups: [authenticated, unauthenticated] },
  },
  admin: { aggregates: "admin" },
  edit: { aggregates: "edit", aggregatedTo: "admin" },
  view: { aggregates: "view", aggregatedTo: "edit" },
  "system:aggregate-to-admin": {
    aggregatedTo: "admin",
    rules: [
      ["create", "authorization.k8s.io", "localsubjectaccessreviews"],
      [`${read} ${write}`, "rbac.authorization.k8s.io", "rolebindings roles"],
    ],
  },
  "system:aggregate-to-edit": { aggregatedTo: "edit", rules: editRules },
  "system:aggregate-to-view": { aggregatedTo: "view", rules: viewRules },
  "system:heapster": {
    rules: [
      [read, "core", "events namespaces nodes pods"],
      [read, "extensions", "deployments"],
    ],
  },
  "system:node": { rules: nodeRuleFacts, bound: {} },
  "system:node-problem-detector": {
    rules: [["get", "core", "nodes"], ["patch", "core", "nodes/status"], events],
  },
  "system:kubelet-api-admin": {
    rules: [
      [read, "core", "nodes"],
      ["proxy", "core", "nodes"],
      [
        "*",
        "core",
        "nodes/checkpoint nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats",
      ],
    ],
  },
  "system:node-bootstrapper": {
    rules: [["create get list watch", "certificates.k8s.io", "certificatesigningrequests"]],
  },
  "system:auth-delegator": {
    rules: [
      ["create", "authentication.k8s.io", "tokenreviews"],
      ["create", "authorization.k8s.io", "subjectaccessreviews"],
    ],
  },
  "system:kube-aggregator": { rules: [[read, "core", "endpoints services"]] },
  "system:kube-controller-manager": {
    rules: controllerManagerRules,
    bound: { users: ["system:kube-controller-manager"] },
  },
  "system:kube-dns": {
    rules: [["list watch", "core", "endpoints services"]],
    bound: { accounts: ["kube-system/kube-dns"] },
  },
  "system:persistent-volume-provisioner": {
    rules: [
      ["get list watch create delete", "core", "persistentvolumes"],
      ["get list watch update", "core", "persistentvolumeclaims"],
      [read, "storage.k8s.io", "storageclasses"],
      ["watch", "core", "events"],
      events,
    ],
  },
  "system:certificates.k8s.io:certificatesigningrequests:nodeclient": {
    rules: [["create", "certificates.k8s.io", "certificatesigningrequests/nodeclient"]],
  },
  "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": {
    rules: [["create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient"]],
  },
  "system:volume-scheduler": {
    rules: [
      [readUpdate, "core", "persistentvolumes"],
      [read, "storage.k8s.io", "storageclasses"],
      [readUpdate, "core", "persistentvolumeclaims"],
    ],
    bound: { users: ["system:kube-scheduler"] },
  },
  ...Object.fromEntries(
    Object.entries(approvers).map(([name, signer]) => [
      `system:certificates.k8s.io:${name}`,
      { rules: [["approve", "certificates.k8s.io", "signers", signer]] } satisfies ClusterRoleFacts,
    ]),
  ),
  "system:service-account-issuer-discovery": {
    rules: [
      {
        verbs: "get",
        paths: "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
      },
    ],
    bound: { groups: ["system:serviceaccounts"] },
  },
  "system:node-proxier": {
    rules: [
      ["list watch", "core", "endpoints services"],
      [read, "core", "nodes"],
      events,
      ["list watch", "discovery.k8s.io", "endpointslices"],
      ["list watch", "networking.k8s.io", "servicecidrs"],
    ],
    bound: { users: ["system:kube-proxy"] },
  },
  "system:kube-scheduler": { rules: schedulerRules, bound: { users: ["system:kube-scheduler"] } },
};
