import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "../../host/index.ts";

/** How one key encrypts and decrypts. Both throw what the library throws when bytes and key do not fit. */
export interface Cipher {
  encrypt(plain: Buffer, boundTo: string): Buffer;
  decrypt(encrypted: Buffer, boundTo: string): Buffer;
}

export type CipherName = "aescbc" | "aesgcm" | "secretbox";

const cbcBlockBytes = 16;
const gcmNonceBytes = 12;
const gcmTagBytes = 16;
const secretboxNonceBytes = 24;

/** Random initialization vector, then the blocks with PKCS #7 padding. It notices no change of the bytes by itself. */
function aescbc(secret: Buffer, random: Random): Cipher {
  const algorithm = `aes-${secret.length * 8}-cbc`;
  return {
    encrypt(plain) {
      const iv = random.bytes(cbcBlockBytes);
      const cipher = createCipheriv(algorithm, secret, iv);
      return Buffer.concat([iv, cipher.update(plain), cipher.final()]);
    },
    decrypt(encrypted) {
      if (encrypted.length < 2 * cbcBlockBytes) throw new Error("the stored data was shorter than the required size");
      const decipher = createDecipheriv(algorithm, secret, encrypted.subarray(0, cbcBlockBytes));
      return Buffer.concat([decipher.update(encrypted.subarray(cbcBlockBytes)), decipher.final()]);
    },
  };
}

/** Random nonce, then the text and its tag; bound to the key of the object. */
function aesgcm(secret: Buffer, random: Random): Cipher {
  const algorithm = `aes-${secret.length * 8}-gcm` as "aes-256-gcm";
  return {
    encrypt(plain, boundTo) {
      const nonce = random.bytes(gcmNonceBytes);
      const cipher = createCipheriv(algorithm, secret, nonce);
      cipher.setAAD(Buffer.from(boundTo));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt(encrypted, boundTo) {
      const textEnd = encrypted.length - gcmTagBytes;
      if (textEnd < gcmNonceBytes) throw new Error("the stored data was shorter than the required size");
      const decipher = createDecipheriv(algorithm, secret, encrypted.subarray(0, gcmNonceBytes));
      decipher.setAAD(Buffer.from(boundTo));
      decipher.setAuthTag(encrypted.subarray(textEnd));
      return Buffer.concat([decipher.update(encrypted.subarray(gcmNonceBytes, textEnd)), decipher.final()]);
    },
  };
}

/** Random nonce, then NaCl's secretbox: XSalsa20 with Poly1305. */
async function secretbox(secret: Buffer, random: Random): Promise<Cipher> {
  const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  return {
    encrypt(plain) {
      const nonce = random.bytes(secretboxNonceBytes);
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)]);
    },
    decrypt(encrypted) {
      const nonce = encrypted.subarray(0, secretboxNonceBytes);
      return Buffer.from(xsalsa20poly1305(secret, nonce).decrypt(encrypted.subarray(secretboxNonceBytes)));
    },
  };
}

/** The cipher of a provider with one key, whose length has been checked. */
export async function createCipher(name: CipherName, secret: Buffer, random: Random): Promise<Cipher> {
  switch (name) {
    case "aescbc":
      return aescbc(secret, random);
    case "aesgcm":
      return aesgcm(secret, random);
    case "secretbox":
      return secretbox(secret, random);
  }
}
