import "reflect-metadata";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as ParsedCertificate,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from "@peculiar/x509";
import { expect, test } from "vitest";
import { testHost } from "../host/index.ts";
import {
  basicConstraints,
  keyIdentifier,
  keyUsage,
  signedCertificate,
  subjectKeyIdentifier,
  subjectName,
} from "./certificate.ts";
import { CertificateAuthority } from "./certificate-authority.ts";

const notBefore = Date.UTC(2026, 0, 1);
const notAfter = Date.UTC(2027, 0, 1);
const validity = { notBefore, notAfter };
const host = testHost();

test("an authority is one by itself: it signs certificates, its key has a name, and it vouches for itself", () => {
  const { pair } = CertificateAuthority.create("kubernetes", notBefore, notAfter, host);
  const certificate = new X509Certificate(pair.cert);
  expect([certificate.subject, certificate.issuer, certificate.ca]).toEqual(["CN=kubernetes", "CN=kubernetes", true]);
  expect(certificate.subjectAltName).toBe("DNS:kubernetes");
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(pair.key))).toBe(true);
  expect([certificate.validFromDate, certificate.validToDate]).toEqual([new Date(notBefore), new Date(notAfter)]);
  const parsed = new ParsedCertificate(pair.cert);
  expect(parsed.getExtension(KeyUsagesExtension)).toMatchObject({
    critical: true,
    usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyCertSign,
  });
  expect(parsed.getExtension(BasicConstraintsExtension)).toMatchObject({ critical: true, ca: true });
  expect(parsed.getExtension(SubjectKeyIdentifierExtension)?.keyId).toMatch(/^[0-9a-f]{40}$/);
});

test("a serving certificate is for its names and addresses, and its authority vouches for it", () => {
  const authority = CertificateAuthority.create("kubernetes", notBefore, notAfter, host);
  const names = ["localhost", "10.96.0.1", "::1", "2001:db8::7:0:1", "::ffff:192.0.2.7", "kubernetes.default.svc"];
  const pair = authority.issue({ commonName: "kube-apiserver", names, usage: "server", ...validity });
  const certificate = new X509Certificate(pair.cert);
  const issuer = new X509Certificate(authority.pair.cert);
  expect(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)).toBe(true);
  for (const address of names.filter((name) => /^[0-9:]/.test(name))) {
    expect(certificate.checkIP(address), address).toBeDefined();
  }
  for (const name of ["localhost", "kubernetes.default.svc"]) expect(certificate.checkHost(name), name).toBe(name);
  const parsed = new ParsedCertificate(pair.cert);
  expect(parsed.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(parsed.getExtension(SubjectAlternativeNameExtension)?.names.items).toHaveLength(names.length);
  const issuerKeyId = new ParsedCertificate(authority.pair.cert).getExtension(SubjectKeyIdentifierExtension)?.keyId;
  expect(parsed.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe(issuerKeyId);
  expect(parsed.getExtension(KeyUsagesExtension)?.usages).toBe(
    KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
  );
  expect(parsed.getExtension(BasicConstraintsExtension)).toMatchObject({ critical: true, ca: false });
});

test("a client's certificate names the client and its group, in any script", () => {
  const authority = CertificateAuthority.create("kubernetes", notBefore, notAfter, host);
  const pair = authority.issue({ commonName: "Jürgen", organization: "system:masters", usage: "client", ...validity });
  const certificate = new X509Certificate(pair.cert);
  expect(certificate.subject).toBe("O=system:masters\nCN=Jürgen");
  expect(certificate.toLegacyObject().ext_key_usage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(certificate.checkPrivateKey(createPrivateKey(pair.key))).toBe(true);
});

test("times from 2050 on are written in full", () => {
  const late = Date.UTC(2051, 5, 7, 8, 9, 10);
  const { pair } = CertificateAuthority.create("kubernetes", notBefore, late, host);
  expect(new X509Certificate(pair.cert).validToDate).toEqual(new Date(late));
});

test("an authority that others made, also with a key of RSA, signs under its own name and key identifier", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const name = subjectName("corporate", "Example, Inc.");
  const identifier = Buffer.from("0102030405", "hex");
  const cert = signedCertificate(
    {
      serialNumber: "f1",
      issuer: name,
      subject: name,
      ...validity,
      publicKey,
      extensions: [basicConstraints(true), keyUsage(true), subjectKeyIdentifier(identifier)],
    },
    privateKey,
  );
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const pair = CertificateAuthority.load({ cert, key }, host).issue({
    commonName: "web",
    usage: "server",
    ...validity,
  });
  const [issued, issuer] = [new X509Certificate(pair.cert), new X509Certificate(cert)];
  expect(issued.checkIssued(issuer) && issued.verify(publicKey)).toBe(true);
  expect(issued.issuer).toBe("O=Example\\, Inc.\nCN=corporate");
  expect(new ParsedCertificate(pair.cert).getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe("0102030405");
  expect(keyIdentifier(publicKey)).toHaveLength(20);
});

test("a certificate that is none is refused", () => {
  const { pair } = CertificateAuthority.create("kubernetes", notBefore, notAfter, host);
  expect(() => CertificateAuthority.load({ cert: "none", key: pair.key }, host)).toThrow();
});
