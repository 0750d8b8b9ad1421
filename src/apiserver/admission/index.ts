/** What is filled in or refused on the way of a change into the cluster: the plugins, one file each, and their order. */
export type { AdmissionChain, AdmissionPlugin, Attributes, Operation } from "./admission.ts";
export { createAdmissionChain } from "./admission.ts";
export { AdmissionConfigError } from "./config-error.ts";
export { readAdmissionConfiguration } from "./configuration.ts";
export { createLookup, type Lookup } from "./lookup.ts";
export {
  admissionPluginNames,
  chosenAdmissionPlugins,
  createAdmissionPlugins,
  defaultAdmissionPlugins,
  defaultPlugins,
  type PluginChoice,
  type PluginOptions,
} from "./plugins.ts";
