/**
 * Encryption at rest: how a value becomes the bytes on disk, by the configuration that the original reads too. Knows nothing
 * of where the bytes go; what is in memory is never encrypted.
 */

export { EncryptionConfigError, parseEncryptionConfiguration, type ResourceConfig } from "./configuration.ts";
export { Encryption } from "./encryption.ts";
export { type EncryptionFile, type EncryptionFileOptions, openEncryptionFile } from "./encryption-file.ts";
export { builtinGroupResources, type GroupResource, resourceOfKey, resourcePrefixOfKey } from "./resource-of-key.ts";
export { isEncrypted, type Read, type Stored, type StoredForm, type ValueTransformer } from "./transformer.ts";
