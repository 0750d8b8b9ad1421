// Signing of certificates, kept apart so that its library is loaded only when something must be signed.
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
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Host } from "../host/index.ts";
import { isAddress } from "./address.ts";
import type { KeyPair } from "./key-pair.ts";
import { serialNumber } from "./serial-number.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface CertificateRequest {
  readonly commonName: string;
  readonly organization?: string;
  /** DNS names and IP addresses of a serving certificate. */
  readonly names?: readonly string[];
  readonly usage: "server" | "client";
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A certificate authority with its private key at hand (ECDSA P-256). */
export class CertificateAuthority {
  readonly pair: KeyPair;
  readonly #certificate: X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #host: Host;

  private constructor(pair: KeyPair, certificate: X509Certificate, key: webcrypto.CryptoKey, host: Host) {
    this.pair = pair;
    this.#certificate = certificate;
    this.#key = key;
    this.#host = host;
  }

  /** Makes a self-signed authority. Times in ms since the epoch. */
  static async create(
    commonName: string,
    notBefore: number,
    notAfter: number,
    host: Host,
  ): Promise<CertificateAuthority> {
    cryptoProvider.set(webcrypto);
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(host),
      name: new Name([{ CN: [commonName] }]),
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(
          KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyCertSign,
          true,
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        new SubjectAlternativeNameExtension([{ type: "dns", value: commonName }]),
      ],
    });
    const pair = { cert: pemOf(certificate), key: await exportKey(keys.privateKey) };
    return new CertificateAuthority(pair, certificate, keys.privateKey, host);
  }

  /** Takes up an authority that was made before. @throws when key or certificate cannot be read. */
  static async load(pair: KeyPair, host: Host): Promise<CertificateAuthority> {
    cryptoProvider.set(webcrypto);
    const der = createPrivateKey(pair.key).export({ type: "pkcs8", format: "der" });
    const key = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
    return new CertificateAuthority(pair, new X509Certificate(pair.cert), key, host);
  }

  async issue(request: CertificateRequest): Promise<KeyPair> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const usage = request.usage === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
    const extensions: Extension[] = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension([usage]),
      await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
    ];
    if (request.names) {
      const names = request.names.map((value) => ({
        type: isAddress(value) ? ("ip" as const) : ("dns" as const),
        value,
      }));
      extensions.push(new SubjectAlternativeNameExtension(names));
    }
    const subject = [...(request.organization ? [{ O: [request.organization] }] : []), { CN: [request.commonName] }];
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serialNumber(this.#host),
      subject: new Name(subject),
      issuer: this.#certificate.subjectName,
      notBefore: new Date(request.notBefore),
      notAfter: new Date(request.notAfter),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions,
    });
    return { cert: pemOf(certificate), key: await exportKey(keys.privateKey) };
  }
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag)}\n`;
}
