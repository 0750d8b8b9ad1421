import type { BoundFacts } from "./cluster-roles.ts";
import { events, type RuleFacts, read } from "./rule-facts.ts";

export interface NamespaceRoleFacts {
  readonly namespace: "kube-system" | "kube-public";
  readonly role: string;
  readonly rules: readonly RuleFacts[];
  /** Name of the binding where it is not the role's. */
  readonly binding?: string;
  readonly bound: BoundFacts;
}

const bootstrapSigner = { accounts: ["kube-system/bootstrap-signer"] };

/** Roles inside namespaces that a cluster starts with. */
export const namespaceRoleFacts: readonly NamespaceRoleFacts[] = [
  {
    namespace: "kube-system",
    role: "extension-apiserver-authentication-reader",
    binding: "system::extension-apiserver-authentication-reader",
    rules: [[read, "core", "configmaps", "extension-apiserver-authentication"]],
    bound: { users: ["system:kube-controller-manager", "system:kube-scheduler"] },
  },
  {
    namespace: "kube-system",
    role: "system:controller:bootstrap-signer",
    rules: [[read, "core", "secrets"]],
    bound: bootstrapSigner,
  },
  {
    namespace: "kube-system",
    role: "system:controller:cloud-provider",
    rules: [["create get list watch", "core", "configmaps"]],
    bound: { accounts: ["kube-system/cloud-provider"] },
  },
  {
    namespace: "kube-system",
    role: "system:controller:token-cleaner",
    rules: [["get list watch delete", "core", "secrets"], events],
    bound: { accounts: ["kube-system/token-cleaner"] },
  },
  {
    namespace: "kube-system",
    role: "system::leader-locking-kube-controller-manager",
    rules: [
      ["watch", "core", "configmaps"],
      ["get update", "core", "configmaps", "kube-controller-manager"],
    ],
    bound: { users: ["system:kube-controller-manager"], accounts: ["kube-system/kube-controller-manager"] },
  },
  {
    namespace: "kube-system",
    role: "system::leader-locking-kube-scheduler",
    rules: [
      ["watch", "core", "configmaps"],
      ["get update", "core", "configmaps", "kube-scheduler"],
    ],
    bound: { users: ["system:kube-scheduler"], accounts: ["kube-system/kube-scheduler"] },
  },
  {
    namespace: "kube-public",
    role: "system:controller:bootstrap-signer",
    rules: [[read, "core", "configmaps"], ["update", "core", "configmaps", "cluster-info"], events],
    bound: bootstrapSigner,
  },
];
