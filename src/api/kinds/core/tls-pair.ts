import { createPrivateKey, X509Certificate } from "node:crypto";

/** What is wrong with a certificate and its key, in the original's words; undefined where they fit. */
export function tlsPairProblem(certificate: Buffer, key: Buffer): string | undefined {
  if (!hasBlock(certificate, /CERTIFICATE/)) return "tls: failed to find any PEM data in certificate input";
  if (!hasBlock(key, /PRIVATE KEY/)) return "tls: failed to find any PEM data in key input";
  try {
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return matches ? undefined : "tls: private key does not match public key";
  } catch {
    return "tls: failed to parse private key";
  }
}

function hasBlock(pem: Buffer, type: RegExp): boolean {
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem.toString("latin1"));
  return begin !== null && type.test(begin[1] ?? "");
}
