import { createHash, X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { type DetailedPeerCertificate, TLSSocket } from "node:tls";
import { errors } from "../../api/meta/index.ts";
import type { Clock } from "../../host/index.ts";
import type { UserInfo } from "../request.ts";

interface CertificateIdentity {
  readonly user: UserInfo;
  readonly validFromMs: number;
  readonly validToMs: number;
}

const credentialIdKey = "authentication.kubernetes.io/credential-id";

/** Who a connection's client certificate names: the common name is the user, organizations are the groups. */
export class ClientCertificates {
  readonly #clock: Clock;
  readonly #authorities: readonly X509Certificate[] | undefined;
  /** A connection's certificate is read once; null where it has none. */
  readonly #identities = new WeakMap<Duplex, CertificateIdentity | null>();

  /**
   * @param authorities PEM: which of the authorities that the listener trusts count here; absent, all. A certificate of
   * another says nothing.
   */
  constructor(clock: Clock, authorities?: string) {
    this.#clock = clock;
    this.#authorities = authorities === undefined ? undefined : certificatesIn(authorities);
  }

  /** Undefined when the client showed none. @throws ApiError 401 for one that no trusted authority signed or that has expired. */
  userOf(connection: Duplex): UserInfo | undefined {
    let identity = this.#identities.get(connection);
    if (identity === undefined) {
      identity = readIdentity(connection, this.#authorities);
      this.#identities.set(connection, identity);
    }
    if (identity === null) return undefined;
    const now = this.#clock.now();
    if (now < identity.validFromMs || now > identity.validToMs) throw errors.unauthorized();
    return identity.user;
  }
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(pemCertificate) ?? []).map((text) => new X509Certificate(text));
}

/** Whether the chain that the client showed, which the listener has verified, ends at one of these authorities. */
function isOf(authorities: readonly X509Certificate[], certificate: DetailedPeerCertificate): boolean {
  const seen = new Set<string>();
  for (let link = certificate; !seen.has(link.fingerprint256); link = link.issuerCertificate) {
    seen.add(link.fingerprint256);
    const own = new X509Certificate(link.raw);
    if (authorities.some((authority) => own.checkIssued(authority) && own.verify(authority.publicKey))) return true;
    if (link.issuerCertificate === undefined) return false;
  }
  return false;
}

function readIdentity(
  connection: Duplex,
  authorities: readonly X509Certificate[] | undefined,
): CertificateIdentity | null {
  const socket = tlsSocketOf(connection);
  if (socket === undefined) return null;
  const certificate = socket.getPeerCertificate(true);
  if (certificate === null || certificate.raw === undefined) return null;
  if (!socket.authorized) throw errors.unauthorized();
  if (authorities !== undefined && !isOf(authorities, certificate)) return null;
  const { CN: name, O: organizations } = certificate.subject as { CN?: string | string[]; O?: string | string[] };
  const fingerprint = createHash("sha256").update(certificate.raw).digest("hex");
  return {
    user: {
      name: typeof name === "string" ? name : (name?.[0] ?? ""),
      groups: [...(organizations === undefined ? [] : [organizations].flat()), "system:authenticated"],
      extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
    },
    validFromMs: Date.parse(certificate.valid_from),
    validToMs: Date.parse(certificate.valid_to),
  };
}

/** HTTP/2 sessions show their socket behind a proxy that forwards reads of properties. */
function tlsSocketOf(connection: Duplex): TLSSocket | undefined {
  if (connection instanceof TLSSocket) return connection;
  const candidate = connection as Partial<TLSSocket>;
  return candidate.encrypted === true && candidate.getPeerCertificate !== undefined
    ? (connection as TLSSocket)
    : undefined;
}
