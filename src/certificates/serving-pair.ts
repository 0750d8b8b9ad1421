import type { Host } from "../host/index.ts";
import { CertificateAuthority } from "./certificate-authority.ts";
import type { KeyPair } from "./key-pair.ts";

const validityMs = 365 * 24 * 60 * 60 * 1000;
const backdateMs = 60 * 60 * 1000;

/** A certificate for a server that nobody vouches for: signed by an authority of its own that is then forgotten. */
export function servingPair(host: Host, commonName: string, names: readonly string[]): KeyPair {
  const now = host.clock.now();
  const notBefore = now - backdateMs;
  const notAfter = now + validityMs;
  const authority = CertificateAuthority.create(`${commonName}-ca`, notBefore, notAfter, host);
  return authority.issue({ commonName, names, usage: "server", notBefore, notAfter });
}
