import { readFileSync } from "node:fs";
import {
  type ApiServerConfig,
  AuthenticationConfigError,
  issuerUrlProblems,
  JwtIssuer,
  type JwtIssuerConfig,
  readAuthenticationConfig,
  StaticTokens,
} from "../apiserver/index.ts";
import type { Host } from "../host/index.ts";

/** As the original's flags of these names. */
export interface AuthenticationSettings {
  readonly anonymousAuth?: boolean;
  readonly tokenAuthFile?: string;
  /** A file that holds an AuthenticationConfiguration. */
  readonly authenticationConfig?: string;
  readonly oidc?: OidcSettings;
}

/** One issuer by flags; what a file says in more ways. */
export interface OidcSettings {
  readonly issuerUrl?: string;
  readonly clientId?: string;
  /** Default `sub`. */
  readonly usernameClaim?: string;
  /** `-` is none. Default: the issuer and `#`, but none for `email`. */
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly caFile?: string;
  readonly requiredClaims?: Readonly<Record<string, string>>;
  /** Default RS256. */
  readonly signingAlgorithms?: readonly string[];
}

/** Who is believed, beside certificates, service accounts and machines that are to join. @throws AuthenticationConfigError */
export async function openAuthentication(
  host: Host,
  settings: AuthenticationSettings = {},
): Promise<Pick<ApiServerConfig, "anonymousAuth" | "tokenUsers">> {
  const { anonymousAuth, tokenAuthFile, authenticationConfig: file, oidc } = settings;
  if (file !== undefined && oidc !== undefined) {
    throw new AuthenticationConfigError("authentication-config file and oidc-* flags are mutually exclusive");
  }
  const config = file === undefined ? undefined : await readAuthenticationConfig(file);
  if (config?.anonymous !== undefined && anonymousAuth !== undefined) {
    throw new AuthenticationConfigError(
      "--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file",
    );
  }
  const issuers = [...(config?.issuers ?? []), ...(oidc === undefined ? [] : [issuerOf(oidc)])];
  const tokens = tokenAuthFile === undefined ? [] : [new StaticTokens(read(tokenAuthFile), tokenAuthFile)];
  return {
    anonymousAuth: config?.anonymous ?? anonymousAuth,
    tokenUsers: [...tokens, ...issuers.map((issuer) => new JwtIssuer(issuer, host))],
  };
}

function issuerOf(oidc: OidcSettings): JwtIssuerConfig {
  const { issuerUrl: url = "", clientId = "", usernameClaim: claim = "sub", groupsClaim, groupsPrefix = "" } = oidc;
  if (url === "" || clientId === "") {
    throw new AuthenticationConfigError("oidc-issuer-url and oidc-client-id must be specified together");
  }
  const problems = issuerUrlProblems(url, "oidc-issuer-url");
  if (problems.length > 0) throw new AuthenticationConfigError(problems.join(", "));
  const { usernamePrefix = claim === "email" ? "-" : `${url}#`, caFile, requiredClaims = {} } = oidc;
  return {
    url,
    audiences: [clientId],
    username: { claim, prefix: usernamePrefix === "-" ? "" : usernamePrefix },
    ...(groupsClaim && { groups: { claim: groupsClaim, prefix: groupsPrefix === "-" ? "" : groupsPrefix } }),
    ...(caFile && { certificateAuthority: read(caFile) }),
    requiredClaims,
    signingAlgorithms: oidc.signingAlgorithms ?? ["RS256"],
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new AuthenticationConfigError(
      `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
