import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import type { Host } from "../host/index.ts";
import {
  authorityFacts,
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyIdentifier,
  keyUsage,
  signedCertificate,
  subjectAltNames,
  subjectKeyIdentifier,
  subjectName,
} from "./certificate.ts";
import type { KeyPair } from "./key-pair.ts";
import { serialNumber } from "./serial-number.ts";

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

/** A certificate authority with its private key at hand; the keys that it makes are of ECDSA P-256. */
export class CertificateAuthority {
  readonly pair: KeyPair;
  readonly #subject: Buffer;
  readonly #keyIdentifier: Buffer;
  readonly #key: KeyObject;
  readonly #host: Host;

  private constructor(pair: KeyPair, key: KeyObject, host: Host) {
    const certificate = new X509Certificate(pair.cert);
    const facts = authorityFacts(certificate.raw);
    this.pair = pair;
    this.#subject = facts.subject;
    this.#keyIdentifier = facts.keyIdentifier ?? keyIdentifier(certificate.publicKey);
    this.#key = key;
    this.#host = host;
  }

  /** Makes a self-signed authority. Times in ms since the epoch. */
  static create(commonName: string, notBefore: number, notAfter: number, host: Host): CertificateAuthority {
    const { publicKey, privateKey } = newKeys();
    const name = subjectName(commonName);
    const cert = signedCertificate(
      {
        serialNumber: serialNumber(host),
        issuer: name,
        subject: name,
        notBefore,
        notAfter,
        publicKey,
        extensions: [
          basicConstraints(true),
          keyUsage(true),
          subjectKeyIdentifier(keyIdentifier(publicKey)),
          subjectAltNames([commonName]),
        ],
      },
      privateKey,
    );
    return new CertificateAuthority({ cert, key: pemOf(privateKey) }, privateKey, host);
  }

  /** Takes up an authority that was made before. @throws when key or certificate cannot be read. */
  static load(pair: KeyPair, host: Host): CertificateAuthority {
    return new CertificateAuthority(pair, createPrivateKey(pair.key), host);
  }

  /** A certificate for a new key. */
  issue({ commonName, organization, names, usage, notBefore, notAfter }: CertificateRequest): KeyPair {
    const { publicKey, privateKey } = newKeys();
    const cert = signedCertificate(
      {
        serialNumber: serialNumber(this.#host),
        issuer: this.#subject,
        subject: subjectName(commonName, organization),
        notBefore,
        notAfter,
        publicKey,
        extensions: [
          basicConstraints(false),
          keyUsage(false),
          extendedKeyUsage(usage),
          authorityKeyIdentifier(this.#keyIdentifier),
          ...(names ? [subjectAltNames(names)] : []),
        ],
      },
      this.#key,
    );
    return { cert, key: pemOf(privateKey) };
  }
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
