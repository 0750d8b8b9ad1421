/** What is filled in or refused on the way of a change into the cluster: the plugins, one file each, and their order. */
export type { AdmissionChain, AdmissionPlugin, Attributes, Operation } from "./admission.ts";
export { createAdmissionChain } from "./admission.ts";
export { createLookup, type Lookup } from "./lookup.ts";
export { ownerReferencesPermissionEnforcement } from "./owner-references-permission-enforcement.ts";
export { defaultPlugins } from "./plugins.ts";
