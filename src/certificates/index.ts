/**
 * Keys and certificates: what makes and signs them, for clusters and for servers of their own. Where they are kept and who
 * gets which is the cluster's to say.
 */
export { isAddress } from "./address.ts";
export { CertificateAuthority, type CertificateRequest } from "./certificate-authority.ts";
export { keptServingPair } from "./kept-serving-pair.ts";
export type { KeyPair } from "./key-pair.ts";
export { serialNumber } from "./serial-number.ts";
export { servingPair } from "./serving-pair.ts";
