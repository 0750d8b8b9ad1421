// Kept apart so that its library is loaded only when something must be signed.
import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { CertificateSigningRequest } from "../../api/types/index.ts";
import { serialNumber } from "../../certificates/index.ts";
import type { Host } from "../../host/index.ts";
import type { ClusterSigning } from "../context.ts";
import { alternativeNames, factsOf, readRequest } from "./request.ts";
import { checksOfSigners } from "./signers.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const backdateMs = 5 * 60_000;
const yearMs = 365 * 24 * 3_600_000;

/** The certificate as the status holds it: PEM in base64. @throws RequestRefused for what the signer does not grant. */
export async function signCertificate(
  request: CertificateSigningRequest,
  authority: ClusterSigning,
  host: Host,
): Promise<string> {
  cryptoProvider.set(webcrypto);
  const asked = readRequest(request);
  const names = alternativeNames(asked);
  const { signerName, usages = [], expirationSeconds } = request.spec;
  const longestMs = authority.maxDurationMs ?? yearMs;
  checksOfSigners.get(signerName)?.(factsOf(request));
  const issuer = new X509Certificate(authority.cert);
  const notBefore = host.clock.now() - backdateMs;
  const wantedMs = expirationSeconds === undefined ? longestMs : expirationSeconds * 1000;
  const notAfter = notBefore + Math.min(wantedMs, longestMs);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(host),
    subject: asked.subjectName,
    issuer: issuer.subjectName,
    notBefore: new Date(notBefore),
    notAfter: new Date(Math.min(notAfter, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: asked.publicKey,
    signingKey: await privateKey(authority.key),
    extensions: [
      ...usageExtensions(usages),
      new BasicConstraintsExtension(false, undefined, true),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names === null ? [] : [names]),
    ],
  });
  return Buffer.from(`${certificate.toString("pem")}\n`).toString("base64");
}

const keyUsageOf: Readonly<Record<string, KeyUsageFlags>> = {
  signing: KeyUsageFlags.digitalSignature,
  "digital signature": KeyUsageFlags.digitalSignature,
  "content commitment": KeyUsageFlags.nonRepudiation,
  "key encipherment": KeyUsageFlags.keyEncipherment,
  "key agreement": KeyUsageFlags.keyAgreement,
  "data encipherment": KeyUsageFlags.dataEncipherment,
  "cert sign": KeyUsageFlags.keyCertSign,
  "crl sign": KeyUsageFlags.cRLSign,
  "encipher only": KeyUsageFlags.encipherOnly,
  "decipher only": KeyUsageFlags.decipherOnly,
};

const purposeOf: Readonly<Record<string, string>> = {
  any: "2.5.29.37.0",
  "server auth": ExtendedKeyUsage.serverAuth,
  "client auth": ExtendedKeyUsage.clientAuth,
  "code signing": ExtendedKeyUsage.codeSigning,
  "email protection": ExtendedKeyUsage.emailProtection,
  "s/mime": ExtendedKeyUsage.emailProtection,
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: ExtendedKeyUsage.timeStamping,
  "ocsp signing": ExtendedKeyUsage.ocspSigning,
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
};

function usageExtensions(usages: readonly string[]): Extension[] {
  let flags = 0;
  const purposes: string[] = [];
  for (const usage of usages) {
    flags |= keyUsageOf[usage] ?? 0;
    const purpose = purposeOf[usage];
    if (purpose !== undefined) purposes.push(purpose);
  }
  const out: Extension[] = [];
  if (flags !== 0) out.push(new KeyUsagesExtension(flags, true));
  if (purposes.length > 0) out.push(new ExtendedKeyUsageExtension(purposes));
  return out;
}

async function privateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}
