import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
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
  /** A connection's certificate is read once; null where it has none. */
  readonly #identities = new WeakMap<Duplex, CertificateIdentity | null>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when the client showed none. @throws ApiError 401 for one that no trusted authority signed or that has expired. */
  userOf(connection: Duplex): UserInfo | undefined {
    let identity = this.#identities.get(connection);
    if (identity === undefined) {
      identity = readIdentity(connection);
      this.#identities.set(connection, identity);
    }
    if (identity === null) return undefined;
    const now = this.#clock.now();
    if (now < identity.validFromMs || now > identity.validToMs) throw errors.unauthorized();
    return identity.user;
  }
}

function readIdentity(connection: Duplex): CertificateIdentity | null {
  const socket = tlsSocketOf(connection);
  if (socket === undefined) return null;
  const certificate = socket.getPeerCertificate();
  if (certificate === null || certificate.raw === undefined) return null;
  if (!socket.authorized) throw errors.unauthorized();
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
