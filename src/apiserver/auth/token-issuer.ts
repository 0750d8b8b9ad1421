import type { Host } from "../../host/index.ts";
import type { SigningKey } from "./jwt.ts";
import { type BoundReference, serviceAccountUser, type TokenClaims } from "./token-claims.ts";

/** What a token is asked for. The caller has checked that the objects exist and that the times are allowed. */
export interface TokenSpec {
  readonly namespace: string;
  readonly serviceAccount: BoundReference;
  /** Empty means the API server's own. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly pod?: BoundReference;
  readonly secret?: BoundReference;
  /** The pod's node, or the node that the token is bound to. */
  readonly node?: BoundReference;
}

export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. What the client is told; the token itself may live longer. */
  readonly expirationTimestamp: string;
}

/** Clients that ask for this many seconds are old ones that never ask again: they get a year, and are warned about after it. */
const neverRenewedSeconds = 60 * 60 + 7;
const extendedSeconds = 365 * 24 * 60 * 60;

/** Makes tokens of service accounts. */
export class TokenIssuer {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly #host: Host;
  readonly #key: SigningKey;

  constructor(host: Host, key: SigningKey, issuer: string, audiences: readonly string[] = [issuer]) {
    this.#host = host;
    this.#key = key;
    this.issuer = issuer;
    this.audiences = audiences;
  }

  issue(spec: TokenSpec): IssuedToken {
    const nowMs = this.#host.clock.now();
    const now = Math.floor(nowMs / 1000);
    const audiences = spec.audiences.length > 0 ? spec.audiences : this.audiences;
    const toldExpiry = now + spec.expirationSeconds;
    const extend =
      spec.pod !== undefined && spec.expirationSeconds === neverRenewedSeconds && this.#isForServer(audiences);
    const claims: TokenClaims = {
      aud: audiences,
      exp: extend ? now + extendedSeconds : toldExpiry,
      iat: now,
      iss: this.issuer,
      jti: this.#host.random.uuid(),
      "kubernetes.io": {
        namespace: spec.namespace,
        ...(spec.node && { node: spec.node }),
        ...(spec.pod && { pod: spec.pod }),
        ...(spec.secret && { secret: spec.secret }),
        serviceaccount: spec.serviceAccount,
        ...(extend && { warnafter: toldExpiry }),
      },
      nbf: now,
      sub: serviceAccountUser(spec.namespace, spec.serviceAccount.name),
    };
    const expirationTimestamp = new Date(toldExpiry * 1000).toISOString().replace(".000Z", "Z");
    return { token: this.#key.sign(claims), expirationTimestamp };
  }

  #isForServer(audiences: readonly string[]): boolean {
    return audiences.some((audience) => this.audiences.includes(audience));
  }
}
