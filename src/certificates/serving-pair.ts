import type { Host } from "../host/index.ts";
import type { KeyPair } from "./key-pair.ts";

const validityMs = 365 * 24 * 60 * 60 * 1000;
const backdateMs = 60 * 60 * 1000;

/** The class of authorities, loaded when something must be signed: its library is large. */
export async function certificateAuthorities() {
  const { CertificateAuthority } = await import("./certificate-authority.ts");
  return CertificateAuthority;
}

/** A certificate for a server that nobody vouches for: signed by an authority of its own that is then forgotten. */
export async function servingPair(host: Host, commonName: string, names: readonly string[]): Promise<KeyPair> {
  const CertificateAuthority = await certificateAuthorities();
  const now = host.clock.now();
  const notBefore = now - backdateMs;
  const notAfter = now + validityMs;
  const authority = await CertificateAuthority.create(`${commonName}-ca`, notBefore, notAfter, host);
  return authority.issue({ commonName, names, usage: "server", notBefore, notAfter });
}
