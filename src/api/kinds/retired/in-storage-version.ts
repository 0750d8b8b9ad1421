import type { KubeObject } from "../../meta/index.ts";
import { builtinKinds } from "../builtin.ts";
import type { ResourceKind } from "../kind.ts";
import { createKindRegistry, type KindRegistry } from "../registry.ts";
import { fromV1beta1 as customResourceDefinition } from "./custom-resource-definition.ts";
import { fromV1beta1 as endpointSlice } from "./endpoint-slice.ts";
import { fromV1beta1 as ingress } from "./ingress.ts";
import { fromV1beta1 as podDisruptionBudget } from "./pod-disruption-budget.ts";
import { fromOld as priorityLevel } from "./priority-level.ts";

/** The object in a version that is known; `apiVersion` is set by the caller. Never changes what it is given. */
type Reading = (object: KubeObject) => KubeObject;

/** Versions that differ from the known one in nothing but their name. */
const same: Reading = (object) => object;

/** By kind: the version that has taken over, and how each version that is not served any more is read as it. */
const retired: Readonly<Record<string, { readonly now: string; readonly before: Readonly<Record<string, Reading>> }>> =
  {
    APIService: { now: "apiregistration.k8s.io/v1", before: { "apiregistration.k8s.io/v1beta1": same } },
    CSIDriver: { now: "storage.k8s.io/v1", before: { "storage.k8s.io/v1beta1": same } },
    CSINode: { now: "storage.k8s.io/v1", before: { "storage.k8s.io/v1beta1": same } },
    CSIStorageCapacity: {
      now: "storage.k8s.io/v1",
      before: { "storage.k8s.io/v1alpha1": same, "storage.k8s.io/v1beta1": same },
    },
    CertificateSigningRequest: { now: "certificates.k8s.io/v1", before: { "certificates.k8s.io/v1beta1": same } },
    CronJob: { now: "batch/v1", before: { "batch/v1beta1": same } },
    CustomResourceDefinition: {
      now: "apiextensions.k8s.io/v1",
      before: { "apiextensions.k8s.io/v1beta1": customResourceDefinition },
    },
    EndpointSlice: { now: "discovery.k8s.io/v1", before: { "discovery.k8s.io/v1beta1": endpointSlice } },
    FlowSchema: {
      now: "flowcontrol.apiserver.k8s.io/v1",
      before: {
        "flowcontrol.apiserver.k8s.io/v1beta1": same,
        "flowcontrol.apiserver.k8s.io/v1beta2": same,
        "flowcontrol.apiserver.k8s.io/v1beta3": same,
      },
    },
    Ingress: {
      now: "networking.k8s.io/v1",
      before: { "networking.k8s.io/v1beta1": ingress, "extensions/v1beta1": ingress },
    },
    IngressClass: { now: "networking.k8s.io/v1", before: { "networking.k8s.io/v1beta1": same } },
    Lease: { now: "coordination.k8s.io/v1", before: { "coordination.k8s.io/v1beta1": same } },
    MutatingWebhookConfiguration: {
      now: "admissionregistration.k8s.io/v1",
      before: { "admissionregistration.k8s.io/v1beta1": same },
    },
    PodDisruptionBudget: { now: "policy/v1", before: { "policy/v1beta1": podDisruptionBudget } },
    PriorityClass: { now: "scheduling.k8s.io/v1", before: { "scheduling.k8s.io/v1beta1": same } },
    PriorityLevelConfiguration: {
      now: "flowcontrol.apiserver.k8s.io/v1",
      before: {
        "flowcontrol.apiserver.k8s.io/v1beta1": priorityLevel,
        "flowcontrol.apiserver.k8s.io/v1beta2": priorityLevel,
        "flowcontrol.apiserver.k8s.io/v1beta3": same,
      },
    },
    RuntimeClass: { now: "node.k8s.io/v1", before: { "node.k8s.io/v1beta1": same } },
    StorageClass: { now: "storage.k8s.io/v1", before: { "storage.k8s.io/v1beta1": same } },
    ValidatingWebhookConfiguration: {
      now: "admissionregistration.k8s.io/v1",
      before: { "admissionregistration.k8s.io/v1beta1": same },
    },
    VolumeAttachment: { now: "storage.k8s.io/v1", before: { "storage.k8s.io/v1beta1": same } },
  };

let registry: KindRegistry | undefined;

function kindOf({ apiVersion, kind }: KubeObject): ResourceKind | undefined {
  registry ??= createKindRegistry(builtinKinds());
  return registry.byApiVersionKind(apiVersion, kind);
}

/**
 * An object as a server of any age stored it, with its defaults, in the version that its kind is stored in today: the version
 * of a served kind is converted, a retired one is read as its successor. What is no built-in kind is given back as it is. The
 * object belongs to the caller and must not be used afterwards.
 */
export function inStorageVersion(stored: KubeObject): KubeObject {
  const object = defaulted(readAsKnown(stored));
  const conversion = kindOf(object)?.conversion;
  return conversion === undefined ? object : conversion.toStorage(object);
}

/** The same object with the defaults of its own version, where that is served. */
export function defaulted(object: KubeObject): KubeObject {
  kindOf(object)?.strategy.applyDefaults?.(object);
  return object;
}

/** Custom resources may have a kind of the same name in a group of their own: the whole apiVersion decides. */
function readAsKnown(object: KubeObject): KubeObject {
  const succession = Object.hasOwn(retired, object.kind) ? retired[object.kind] : undefined;
  const reading = succession?.before[object.apiVersion];
  if (succession === undefined || reading === undefined) return object;
  return { ...reading(object), apiVersion: succession.now };
}
