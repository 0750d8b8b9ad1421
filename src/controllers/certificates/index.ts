/** Certificate requests: approves those of kubelets, signs what was approved, and clears away what has served. */
export { startCertificateApproval } from "./approve.ts";
export { startCertificateCleaning } from "./clean.ts";
export { startCertificateSigning } from "./signing.ts";
