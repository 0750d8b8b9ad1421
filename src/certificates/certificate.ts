import { createHash, type KeyObject, sign } from "node:crypto";
import { isAddress } from "./address.ts";
import * as der from "./der.ts";

/** What a certificate says (RFC 5280). */
export interface CertificateContent {
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** As `subjectName` writes it, or as it stands in another certificate. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

const oids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  sha256WithRsa: "1.2.840.113549.1.1.11",
} as const;

const version3 = "02";
const dnsName = 2;
const ipAddress = 7;

/** The certificate, signed, as PEM. */
export function signedCertificate(content: CertificateContent, key: KeyObject): string {
  const { serialNumber, issuer, subject, notBefore, notAfter, publicKey, extensions } = content;
  const algorithm = signatureAlgorithm(key);
  const signed = der.sequence(
    der.context(0, der.integer(version3), true),
    der.integer(serialNumber),
    algorithm,
    issuer,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der.context(3, der.sequence(...extensions), true),
  );
  return pem("CERTIFICATE", der.sequence(signed, algorithm, der.bitString(sign("sha256", signed, key))));
}

/** A name of at most an organization and a common name. */
export function subjectName(commonName: string, organization?: string): Buffer {
  const part = (oid: string, text: string) => der.set(der.sequence(der.oid(oid), der.text(text)));
  const parts = [part(oids.commonName, commonName)];
  if (organization) parts.unshift(part(oids.organization, organization));
  return der.sequence(...parts);
}

export function basicConstraints(isAuthority: boolean): Buffer {
  // What is not said of an authority is that it is one.
  return extension(oids.basicConstraints, der.sequence(...(isAuthority ? [der.boolean(true)] : [])), true);
}

/** To sign and to agree on keys; an authority also signs certificates. */
export function keyUsage(isAuthority: boolean): Buffer {
  const bits = isAuthority ? der.bitString(Buffer.from([0b10100100]), 2) : der.bitString(Buffer.from([0b10100000]), 5);
  return extension(oids.keyUsage, bits, true);
}

export function extendedKeyUsage(usage: "server" | "client"): Buffer {
  return extension(
    oids.extendedKeyUsage,
    der.sequence(der.oid(usage === "server" ? oids.serverAuth : oids.clientAuth)),
  );
}

export function subjectKeyIdentifier(identifier: Buffer): Buffer {
  return extension(oids.subjectKeyIdentifier, der.octetString(identifier));
}

export function authorityKeyIdentifier(identifier: Buffer): Buffer {
  return extension(oids.authorityKeyIdentifier, der.sequence(der.context(0, identifier, false)));
}

/** DNS names and addresses. */
export function subjectAltNames(names: readonly string[]): Buffer {
  const written = names.map((name) =>
    isAddress(name)
      ? der.context(ipAddress, addressBytes(name), false)
      : der.context(dnsName, Buffer.from(name, "latin1"), false),
  );
  return extension(oids.subjectAltName, der.sequence(...written));
}

/** As most authorities tell keys apart: by the hash of the key's bits. */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  const [whole] = der.valuesIn(publicKey.export({ type: "spki", format: "der" }));
  const [, bits] = der.valuesIn(whole?.content ?? Buffer.alloc(0));
  if (bits === undefined) throw new Error("a public key without bits");
  return createHash("sha1").update(bits.content.subarray(1)).digest();
}

/** What an authority's certificate says of itself that those it signs repeat. */
export interface AuthorityFacts {
  readonly subject: Buffer;
  /** Undefined when it does not name its key. */
  readonly keyIdentifier: Buffer | undefined;
}

/** @param raw the certificate as DER @throws when it is none */
export function authorityFacts(raw: Buffer): AuthorityFacts {
  const [whole] = der.valuesIn(raw);
  const [signed] = der.valuesIn(whole?.content ?? Buffer.alloc(0));
  const fields = der.valuesIn(signed?.content ?? Buffer.alloc(0));
  // Version, serial number, algorithm, issuer, validity, subject, key, extensions.
  const subject = fields[5]?.whole;
  if (subject === undefined) throw new Error("a certificate without a subject");
  const [list] = der.valuesIn(fields.find(({ tag }) => tag === 0xa3)?.content ?? Buffer.alloc(0));
  const wanted = der.oid(oids.subjectKeyIdentifier);
  for (const { content } of der.valuesIn(list?.content ?? Buffer.alloc(0))) {
    const parts = der.valuesIn(content);
    if (parts[0]?.whole.equals(wanted) !== true) continue;
    const [identifier] = der.valuesIn(parts.at(-1)?.content ?? Buffer.alloc(0));
    return { subject, keyIdentifier: identifier?.content };
  }
  return { subject, keyIdentifier: undefined };
}

function extension(oid: string, content: Buffer, isCritical = false): Buffer {
  return der.sequence(der.oid(oid), ...(isCritical ? [der.boolean(true)] : []), der.octetString(content));
}

function signatureAlgorithm({ asymmetricKeyType: type }: KeyObject): Buffer {
  if (type === "ec") return der.sequence(der.oid(oids.ecdsaWithSha256));
  if (type === "rsa") return der.sequence(der.oid(oids.sha256WithRsa), der.nothing());
  throw new Error(`certificates are signed with keys of type ec or rsa, this one is of type ${type}`);
}

function addressBytes(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  // In its canonical form, which has no dotted part any more.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::", 2);
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const all = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
