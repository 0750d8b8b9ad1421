/** Tokens of service accounts that are kept in secrets: fills them in, and takes away those that nobody uses. */
export { startLegacyTokenCleaner } from "./legacy-cleaner.ts";
export { startServiceAccountTokenController } from "./tokens.ts";
