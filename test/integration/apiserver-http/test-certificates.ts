import { generateKeyPairSync } from "node:crypto";
import { CertificateAuthority } from "../../../src/certificates/certificate-authority.ts";
import type { Host } from "../../../src/host/index.ts";

const hourMs = 3_600_000;

/** An authority, a server certificate for loopback, and clients of several kinds. */
export async function testCertificates(host: Host) {
  const now = host.clock.now();
  const validity = { notBefore: now - hourMs, notAfter: now + hourMs };
  const authority = CertificateAuthority.create("test-ca", validity.notBefore, validity.notAfter, host);
  const stranger = CertificateAuthority.create("other-ca", validity.notBefore, validity.notAfter, host);
  const client = { ...validity, usage: "client" } as const;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    ca: authority.pair.cert,
    server: authority.issue({
      ...validity,
      usage: "server",
      commonName: "kube-apiserver",
      names: ["localhost", "127.0.0.1"],
    }),
    admin: authority.issue({ ...client, commonName: "admin", organization: "system:masters" }),
    alice: authority.issue({ ...client, commonName: "alice", organization: "team-a" }),
    stranger: stranger.issue({ ...client, commonName: "mallory", organization: "system:masters" }),
    serviceAccountKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
