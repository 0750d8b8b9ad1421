/** Where and in which version each resource is stored, as the original lays etcd out. */

const specialPrefixes: Readonly<Record<string, string>> = {
  "/replicationcontrollers": "/registry/controllers",
  "/endpoints": "/registry/services/endpoints",
  "/nodes": "/registry/minions",
  "/services": "/registry/services/specs",
  "networking.k8s.io/ingresses": "/registry/ingress",
  "apiextensions.k8s.io/customresourcedefinitions": "/registry/apiextensions.k8s.io/customresourcedefinitions",
  "apiregistration.k8s.io/apiservices": "/registry/apiregistration.k8s.io/apiservices",
};

/** Prefix of a built-in resource's keys. Custom resources are `/registry/<group>/<resource>`. */
export function storagePrefixOf(group: string, resource: string): string {
  return specialPrefixes[`${group}/${resource}`] ?? `/registry/${resource}`;
}

/** Resources that are served in several versions, or stored in another than the first served one. */
const storageVersions: Readonly<Record<string, string>> = {
  "admissionregistration.k8s.io/mutatingadmissionpolicies": "admissionregistration.k8s.io/v1beta1",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": "admissionregistration.k8s.io/v1beta1",
  "autoscaling/horizontalpodautoscalers": "autoscaling/v2",
  "certificates.k8s.io/clustertrustbundles": "certificates.k8s.io/v1beta1",
  "coordination.k8s.io/leasecandidates": "coordination.k8s.io/v1beta1",
  "events.k8s.io/events": "v1",
  "networking.k8s.io/ipaddresses": "networking.k8s.io/v1",
  "networking.k8s.io/servicecidrs": "networking.k8s.io/v1",
  "resource.k8s.io/deviceclasses": "resource.k8s.io/v1",
  "resource.k8s.io/resourceclaims": "resource.k8s.io/v1",
  "resource.k8s.io/resourceclaimtemplates": "resource.k8s.io/v1",
  "resource.k8s.io/resourceslices": "resource.k8s.io/v1",
  "resource.k8s.io/devicetaintrules": "resource.k8s.io/v1alpha3",
  "storage.k8s.io/volumeattributesclasses": "storage.k8s.io/v1",
};

/** The apiVersion under which a resource is stored. */
export function storageApiVersionOf(group: string, version: string, resource: string): string {
  return storageVersions[`${group}/${resource}`] ?? (group === "" ? version : `${group}/${version}`);
}
