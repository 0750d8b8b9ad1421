/** In which way a value lies on disk: by which provider, with which key. One object for each way. */
export interface StoredForm {
  /** What stored values begin with, such as `k8s:enc:aescbc:v1:key1:`; empty for what is not encrypted. */
  readonly prefix: string;
  /** Whether a write of this key would take this form today. What is in another form is to be written anew. */
  isCurrent(key: string): boolean;
}

export interface Stored {
  readonly bytes: Buffer;
  readonly form: StoredForm;
}

export interface Read {
  readonly value: Buffer;
  readonly form: StoredForm;
}

/**
 * What stands between an object's bytes and the disk. Encrypting and decrypting happen at once, without waiting.
 * `key` is the store's key of the object (`/registry/secrets/default/a`): it decides about the resource.
 */
export interface ValueTransformer {
  /** @param boundTo what an encrypted value is bound to, so that it cannot be moved: the key on disk, where that differs. */
  toStorage(key: string, value: Buffer, boundTo?: string): Stored;
  /** @throws StoreError when no provider of the key's resource can read it. */
  fromStorage(key: string, bytes: Buffer, boundTo?: string): Read;
  /** Whether values of this key are stored as they are: in the plain form. */
  isPlain(key: string): boolean;
  readonly plainForm: StoredForm;
}

/** What every encrypted value begins with. */
export const encryptedPrefix = "k8s:enc:";

/** Whether the bytes say that they are encrypted. */
export function isEncrypted(bytes: Buffer): boolean {
  return (
    bytes.length >= encryptedPrefix.length && bytes.toString("latin1", 0, encryptedPrefix.length) === encryptedPrefix
  );
}
