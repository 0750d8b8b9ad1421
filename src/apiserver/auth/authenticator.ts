import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { errors } from "../../api/meta/index.ts";
import type { UserInfo } from "../request.ts";
import type { AnonymousConfig } from "./authentication-config.ts";
import type { ClientCertificates } from "./client-certificate.ts";
import type { RequestHeaders } from "./request-header.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** What a request shows of who sends it. */
export interface ShownCredentials {
  /** Path and query that are asked for. */
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The values of a header, by its name in lower case, each as it was sent. */
  headerValues(name: string): readonly string[];
}

/** Who sends a request. */
export interface Authenticator {
  /** @throws (or rejects with) ApiError 401 when credentials are shown that are not valid, or none and anonymous is off. */
  authenticate(shown: ShownCredentials, connection: Duplex): UserInfo | Promise<UserInfo>;
}

export const anonymous: UserInfo = { name: "system:anonymous", groups: ["system:unauthenticated"] };

export interface AuthenticatorOptions {
  /** Front proxies before this server. */
  readonly requestHeaders?: RequestHeaders;
  readonly certificates: ClientCertificates;
  readonly tokens: TokenVerifier;
  /** Further ones who know users by their tokens, asked one after the other: machines that are to join, issuers, files. */
  readonly others?: readonly TokenUsers[];
  readonly anonymousAuth: boolean | AnonymousConfig;
}

/** Knows users by their tokens. */
export interface TokenUsers {
  userOf(token: string): UserInfo | undefined | Promise<UserInfo | undefined>;
}

/** Front proxy before certificate before token before anonymous. A certificate that answers at once costs no promise. */
export function createAuthenticator({
  requestHeaders,
  certificates,
  tokens,
  others = [],
  anonymousAuth,
}: AuthenticatorOptions): Authenticator {
  const { enabled, paths } = typeof anonymousAuth === "boolean" ? { enabled: anonymousAuth } : anonymousAuth;
  const openPaths = paths && new Set(paths);
  return {
    authenticate(shown, connection) {
      const byProxy = requestHeaders?.userOf(shown, connection);
      if (byProxy !== undefined) return byProxy;
      const { authorization } = shown.headers;
      const token = authorization === undefined ? undefined : bearerToken(authorization);
      const byCertificate = certificateUser(certificates, connection, token !== undefined);
      if (byCertificate !== undefined) return byCertificate;
      if (token !== undefined) return tokenUser(tokens, others, token);
      if (!enabled) throw errors.unauthorized();
      if (openPaths !== undefined && !openPaths.has(pathOf(shown.url))) throw errors.unauthorized();
      return anonymous;
    },
  };
}

/** A certificate that is not trusted only fails the request when nothing else may say who it is. */
function certificateUser(
  certificates: ClientCertificates,
  connection: Duplex,
  hasToken: boolean,
): UserInfo | undefined {
  try {
    return certificates.userOf(connection);
  } catch (error) {
    if (hasToken) return undefined;
    throw error;
  }
}

async function tokenUser(tokens: TokenVerifier, others: readonly TokenUsers[], token: string): Promise<UserInfo> {
  const verified = await tokens.verify(token);
  if (verified !== undefined) return verified.user;
  for (const other of others) {
    const user = await other.userOf(token);
    if (user !== undefined) return user;
  }
  throw errors.unauthorized();
}

function pathOf(url = ""): string {
  const question = url.indexOf("?");
  return question < 0 ? url : url.slice(0, question);
}

function bearerToken(authorization: string): string | undefined {
  const space = authorization.indexOf(" ");
  if (space < 0 || authorization.slice(0, space).toLowerCase() !== "bearer") return undefined;
  const token = authorization.slice(space + 1).trim();
  return token === "" ? undefined : token;
}
