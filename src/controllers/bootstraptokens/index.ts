/** Tokens that new nodes join with: signs the cluster's public information with them, and deletes those that expired. */

export { startTokenCleaner } from "./cleaner.ts";
export { startBootstrapSigner } from "./signer.ts";
