import type { KindRegistry } from "../../api/kinds/index.ts";
import type { Host } from "../../host/index.ts";
import type { Store } from "../../store/index.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { alwaysPullImages } from "./always-pull-images.ts";
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from "./certificates.ts";
import { AdmissionConfigError } from "./config-error.ts";
import { alwaysAdmit, alwaysDeny } from "./constant.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-class.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { denyServiceExternalIPs } from "./deny-service-external-ips.ts";
import { eventRateLimit } from "./event-rate-limit.ts";
import { extendedResourceToleration } from "./extended-resource-toleration.ts";
import { limitPodHardAntiAffinityTopology } from "./limit-pod-hard-anti-affinity-topology.ts";
import { limitRanger } from "./limit-ranger.ts";
import { createLookup, type Lookup } from "./lookup.ts";
import { namespaceAutoProvision, namespaceExists } from "./namespace-exists.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { ownerReferencesPermissionEnforcement } from "./owner-references-permission-enforcement.ts";
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { podNodeSelector } from "./pod-node-selector.ts";
import { podResizeValidator } from "./pod-resize-validator.ts";
import { podSecurity } from "./pod-security.ts";
import { podTolerationRestriction } from "./pod-toleration-restriction.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { mutatingAdmissionPolicy, validatingAdmissionPolicy } from "./policies/index.ts";
import { priority } from "./priority.ts";
import type { QuotaConfiguration } from "./quota-check.ts";
import { resourceQuota } from "./resource-quota.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { storageObjectInUseProtection } from "./storage-object-in-use-protection.ts";
import { taintNodesByCondition } from "./taint-nodes-by-condition.ts";

/** What the plugins are made of. */
export interface PluginOptions {
  readonly host: Host;
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly authorizer: Authorizer;
  readonly createNamespace: (name: string) => Promise<void>;
  /** From the file of --admission-control-config-file, by plugin. */
  readonly configurations?: ReadonlyMap<string, unknown>;
  /** Plugins that are made elsewhere; each takes the place of its name in the order. */
  readonly others?: readonly AdmissionPlugin[];
}

/** Which plugins run beside the default ones, and which of those do not. */
export interface PluginChoice {
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
}

type Make = (options: PluginOptions, lookup: Lookup, configuration: unknown) => AdmissionPlugin;

interface Known {
  readonly on?: boolean;
  /** Without it the plugin is made elsewhere, or does nothing. */
  readonly make?: Make;
  /** Cannot be had, and why. */
  readonly missing?: string;
}

/** All plugins of the original under their names, in the order in which they run. */
const known: Readonly<Record<string, Known>> = {
  AlwaysAdmit: { make: () => alwaysAdmit() },
  NamespaceAutoProvision: { make: ({ createNamespace }, lookup) => namespaceAutoProvision(lookup, createNamespace) },
  NamespaceLifecycle: { on: true, make: (_, lookup) => namespaceLifecycle(lookup) },
  NamespaceExists: { make: (_, lookup) => namespaceExists(lookup) },
  LimitPodHardAntiAffinityTopology: { make: () => limitPodHardAntiAffinityTopology() },
  LimitRanger: { on: true, make: (_, lookup) => limitRanger(lookup) },
  ServiceAccount: { on: true, make: ({ host }, lookup) => serviceAccount(lookup, host.random) },
  NodeRestriction: { make: ({ authorizer }, lookup) => nodeRestriction(lookup, authorizer) },
  TaintNodesByCondition: { on: true, make: () => taintNodesByCondition() },
  AlwaysPullImages: { make: () => alwaysPullImages() },
  ImagePolicyWebhook: { missing: "it asks a server outside of the cluster, which this API server does not do" },
  PodSecurity: { on: true, make: (_, lookup, configuration) => podSecurity(lookup, configuration) },
  PodNodeSelector: { make: (_, lookup, configuration) => podNodeSelector(lookup, configuration) },
  Priority: { on: true, make: (_, lookup) => priority(lookup) },
  DefaultTolerationSeconds: { on: true, make: () => defaultTolerationSeconds() },
  PodTolerationRestriction: { make: (_, lookup, configuration) => podTolerationRestriction(lookup, configuration) },
  EventRateLimit: { make: ({ host }, _, configuration) => eventRateLimit(host.clock, configuration) },
  ExtendedResourceToleration: { make: () => extendedResourceToleration() },
  DefaultStorageClass: { on: true, make: (_, lookup) => defaultStorageClass(lookup) },
  StorageObjectInUseProtection: { on: true, make: () => storageObjectInUseProtection() },
  PodGroupProtection: { on: true },
  OwnerReferencesPermissionEnforcement: {
    make: ({ authorizer, kinds }) => ownerReferencesPermissionEnforcement(authorizer, kinds),
  },
  PersistentVolumeClaimResize: { on: true, make: (_, lookup) => persistentVolumeClaimResize(lookup) },
  RuntimeClass: { on: true, make: (_, lookup) => runtimeClass(lookup) },
  CertificateApproval: { on: true, make: ({ authorizer }) => certificateApproval(authorizer) },
  CertificateSigning: { on: true, make: ({ authorizer }) => certificateSigning(authorizer) },
  ClusterTrustBundleAttest: { on: true, make: ({ authorizer }) => clusterTrustBundleAttest(authorizer) },
  CertificateSubjectRestriction: { on: true, make: () => certificateSubjectRestriction() },
  DefaultIngressClass: { on: true, make: (_, lookup) => defaultIngressClass(lookup) },
  DenyServiceExternalIPs: { make: () => denyServiceExternalIPs() },
  PodTopologyLabels: { on: true, make: (_, lookup) => podTopologyLabels(lookup) },
  PodGroupWorkloadExists: { on: true },
  NodeDeclaredFeatureValidator: { on: true },
  JobValidation: { on: true },
  PodResizeValidator: { on: true, make: (_, lookup) => podResizeValidator(lookup) },
  MutatingAdmissionPolicy: { on: true, make: (options, lookup) => mutatingAdmissionPolicy(options, lookup) },
  MutatingAdmissionWebhook: { on: true },
  ValidatingAdmissionPolicy: { on: true, make: (options, lookup) => validatingAdmissionPolicy(options, lookup) },
  ValidatingAdmissionWebhook: { on: true },
  ResourceQuota: {
    on: true,
    make: ({ host, store, kinds }, _, configuration) =>
      resourceQuota(host, store, kinds, (configuration ?? {}) as QuotaConfiguration),
  },
  AlwaysDeny: { make: () => alwaysDeny() },
};

/** The names of all plugins, in the order in which they run. */
export const admissionPluginNames: readonly string[] = Object.keys(known);

/** Those that run without being asked for. */
export const defaultAdmissionPlugins: readonly string[] = admissionPluginNames.filter((name) => known[name]?.on);

/** @throws AdmissionConfigError in the original's words for names that there are not, or that are asked for and refused. */
export function chosenAdmissionPlugins({ enable = [], disable = [] }: PluginChoice): ReadonlySet<string> {
  for (const [flag, names] of Object.entries({ enable, disable })) {
    const unknown = names.find((name) => !(name in known));
    if (unknown !== undefined)
      throw new AdmissionConfigError(`${flag}-admission-plugins plugin ${JSON.stringify(unknown)} is unknown`);
  }
  const both = enable.filter((name) => disable.includes(name)).sort();
  if (both.length > 0) {
    throw new AdmissionConfigError(
      `[${both.join(" ")}] in enable-admission-plugins and disable-admission-plugins overlapped`,
    );
  }
  for (const name of enable) {
    const missing = known[name]?.missing;
    if (missing !== undefined) throw new AdmissionConfigError(`the admission plugin ${name} cannot be had: ${missing}`);
  }
  return new Set([...defaultAdmissionPlugins, ...enable].filter((name) => !disable.includes(name)));
}

/** The chosen plugins in the original's order. @throws AdmissionConfigError */
export function createAdmissionPlugins(options: PluginOptions, choice: PluginChoice = {}): AdmissionPlugin[] {
  const { store, kinds, configurations, others = [] } = options;
  const chosen = chosenAdmissionPlugins(choice);
  const lookup = createLookup(store, kinds);
  return admissionPluginNames
    .filter((name) => chosen.has(name))
    .flatMap((name) => {
      const plugin =
        others.find((other) => other.name === name) ?? known[name]?.make?.(options, lookup, configurations?.get(name));
      return plugin === undefined ? [] : [plugin];
    });
}

/** The default plugins, for a server at which everybody may do everything. */
export function defaultPlugins(host: Host, store: Store, kinds: KindRegistry): AdmissionPlugin[] {
  const authorizer: Authorizer = { authorize: () => ({ allowed: true }) };
  const createNamespace = () => Promise.reject(new AdmissionConfigError("NamespaceAutoProvision is off"));
  return createAdmissionPlugins({ host, store, kinds, authorizer, createNamespace });
}
