import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Secret, ServiceAccount } from "../../api/types/index.ts";

/** Gives the token of a secret: it names account and secret, and does not expire. */
export type SignToken = (account: ServiceAccount, secret: Secret) => string;

const issuer = "kubernetes/serviceaccount";

/** @param pem an RSA key, or an EC key on P-256: the one that the API server checks tokens with. */
export function tokenSigner(pem: string): SignToken {
  const key = createPrivateKey(pem);
  const header = encode({ alg: key.asymmetricKeyType === "ec" ? "ES256" : "RS256", kid: keyId(key) });
  return (account, secret) => {
    const { namespace = "", name = "", uid = "" } = account.metadata;
    const claims = {
      iss: issuer,
      "kubernetes.io/serviceaccount/namespace": namespace,
      "kubernetes.io/serviceaccount/secret.name": secret.metadata.name,
      "kubernetes.io/serviceaccount/service-account.name": name,
      "kubernetes.io/serviceaccount/service-account.uid": uid,
      sub: `system:serviceaccount:${namespace}:${name}`,
    };
    const content = `${header}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" });
    return `${content}.${signature.toString("base64url")}`;
  };
}

/** As the original names keys: the hash of the public key. */
function keyId(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64url");
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
