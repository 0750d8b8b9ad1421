/**
 * Versions that are served no more but may still be in an etcd that older servers wrote: how their objects are read as what
 * is stored today. Which versions there are and what they mean is here; where values come from is the store's.
 */
export { defaulted, inStorageVersion } from "./in-storage-version.ts";
