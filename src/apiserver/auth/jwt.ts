import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { JsonObject } from "../../api/meta/index.ts";

/** A key that signs tokens, and what is needed to check them. */
export class SigningKey {
  readonly algorithm: "RS256" | "ES256";
  /** As the original names keys: the hash of the public key. */
  readonly keyId: string;
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  /** @param pem an RSA key, or an EC key on P-256. */
  constructor(pem: string) {
    this.#private = createPrivateKey(pem);
    this.#public = createPublicKey(this.#private);
    const { asymmetricKeyType, asymmetricKeyDetails } = this.#private;
    if (asymmetricKeyType === "rsa") this.algorithm = "RS256";
    else if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") this.algorithm = "ES256";
    else throw new Error("the service account key must be an RSA key or an EC key on P-256");
    const spki = this.#public.export({ type: "spki", format: "der" });
    this.keyId = createHash("sha256").update(spki).digest("base64url");
  }

  sign(claims: object): string {
    const header = { alg: this.algorithm, kid: this.keyId };
    const content = `${encode(header)}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(content), { key: this.#private, dsaEncoding: "ieee-p1363" });
    return `${content}.${signature.toString("base64url")}`;
  }

  /** The claims of a token that this key signed; undefined for anything else. Times are not looked at. */
  verify(token: string): JsonObject | undefined {
    const parts = token.split(".");
    const [header = "", claims = "", signature = ""] = parts;
    if (parts.length !== 3) return undefined;
    const { alg, kid } = decode(header) ?? {};
    if (alg !== this.algorithm || (kid !== undefined && kid !== this.keyId)) return undefined;
    const content = Buffer.from(`${header}.${claims}`);
    const key = { key: this.#public, dsaEncoding: "ieee-p1363" as const };
    return verify("sha256", content, key, Buffer.from(signature, "base64url")) ? decode(claims) : undefined;
  }

  /** The public key as clients of the discovery document get it. */
  jwk(): JsonObject {
    const { kty, n, e, crv, x, y } = this.#public.export({ format: "jwk" });
    const shape = kty === "RSA" ? { n, e } : { crv, x, y };
    const fields = Object.entries({ use: "sig", kty, kid: this.keyId, alg: this.algorithm, ...shape });
    return Object.fromEntries(fields.filter((field): field is [string, string] => typeof field[1] === "string"));
  }
}

/** A token taken apart; nothing of it is proven. */
export interface DecodedToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** What is signed. */
  readonly content: Buffer;
  readonly signature: Buffer;
}

/** Undefined for what is no JWT. */
export function decodeToken(token: string): DecodedToken | undefined {
  const parts = token.split(".");
  const [first = "", second = "", signature = ""] = parts;
  const header = decode(first);
  const claims = decode(second);
  if (parts.length !== 3 || header === undefined || claims === undefined) return undefined;
  return { header, claims, content: Buffer.from(`${first}.${second}`), signature: Buffer.from(signature, "base64url") };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    // A JSON value by construction.
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
