import { readFileSync } from "node:fs";
import { parseYaml } from "../../api/codec/index.ts";

/** What `--authentication-config` or the flags that it replaces say cannot be followed. */
export class AuthenticationConfigError extends Error {
  override readonly name = "AuthenticationConfigError";
}

/** An issuer of tokens, and what its claims mean. */
export interface JwtIssuerConfig {
  readonly url: string;
  readonly discoveryURL?: string;
  /** PEM. Default: the authorities that the system trusts. */
  readonly certificateAuthority?: string;
  readonly audiences: readonly string[];
  readonly username: ClaimMapping;
  readonly groups?: ClaimMapping;
  readonly uidClaim?: string;
  readonly requiredClaims: Readonly<Record<string, string>>;
  /** Default: all that are known. */
  readonly signingAlgorithms?: readonly string[];
}

export interface ClaimMapping {
  readonly claim: string;
  readonly prefix: string;
}

export interface AnonymousConfig {
  readonly enabled: boolean;
  /** Paths that who shows nothing may ask for; all where there are none. */
  readonly paths?: readonly string[];
}

/** `apiserver.config.k8s.io` AuthenticationConfiguration, as far as it is followed. */
export interface AuthenticationConfig {
  readonly issuers: readonly JwtIssuerConfig[];
  readonly anonymous?: AnonymousConfig;
}

interface Mapping {
  readonly claim?: string;
  readonly prefix?: string;
  readonly expression?: string;
}

interface Jwt {
  readonly issuer?: {
    readonly url?: string;
    readonly discoveryURL?: string;
    readonly certificateAuthority?: string;
    readonly audiences?: readonly string[];
    readonly audienceMatchPolicy?: string;
    readonly egressSelectorType?: string;
  };
  readonly claimMappings?: {
    readonly username?: Mapping;
    readonly groups?: Mapping;
    readonly uid?: Mapping;
    readonly extra?: readonly unknown[];
  };
  readonly claimValidationRules?: readonly { claim?: string; requiredValue?: string; expression?: string }[];
  readonly userValidationRules?: readonly unknown[];
}

interface Document {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly jwt?: readonly Jwt[];
  readonly anonymous?: { readonly enabled?: boolean; readonly conditions?: readonly { readonly path?: string }[] };
}

const versions = ["v1", "v1beta1", "v1alpha1"].map((version) => `apiserver.config.k8s.io/${version}`);
const issuersMax = 64;

/** @throws AuthenticationConfigError */
export async function readAuthenticationConfig(file: string): Promise<AuthenticationConfig> {
  let document: Document;
  try {
    document = ((await parseYaml(readFileSync(file))).value ?? {}) as Document;
  } catch (error) {
    throw new AuthenticationConfigError(
      `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const { apiVersion = "", kind, jwt = [], anonymous } = document;
  if (kind !== "AuthenticationConfiguration" || !versions.includes(apiVersion)) {
    throw new AuthenticationConfigError(`${file} is no AuthenticationConfiguration of apiserver.config.k8s.io/v1`);
  }
  const problems: string[] = [];
  if (jwt.length > issuersMax) problems.push(`jwt: Too many: ${jwt.length}: must have at most ${issuersMax} items`);
  const urls = new Set<string>();
  const issuers = jwt.map((one, at) => issuerOf(one, `jwt[${at}]`, urls, problems));
  const conditions = anonymous?.conditions ?? [];
  if (conditions.length > 0 && anonymous?.enabled !== true) {
    problems.push("anonymous.conditions: Invalid value: enabled should be set to true when conditions are defined");
  }
  if (problems.length > 0) throw new AuthenticationConfigError(`${file}: [${problems.join(", ")}]`);
  if (anonymous === undefined) return { issuers };
  const paths = conditions.map(({ path = "" }) => path);
  return { issuers, anonymous: { enabled: anonymous.enabled === true, ...(paths.length > 0 && { paths }) } };
}

function issuerOf(jwt: Jwt, path: string, urls: Set<string>, problems: string[]): JwtIssuerConfig {
  const { issuer = {}, claimMappings = {}, claimValidationRules = [] } = jwt;
  const { url = "", discoveryURL, certificateAuthority, audiences = [], audienceMatchPolicy } = issuer;
  problems.push(...issuerUrlProblems(url, `${path}.issuer.url`));
  if (urls.has(url)) problems.push(`${path}.issuer.url: Duplicate value: ${JSON.stringify(url)}`);
  urls.add(url);
  if (discoveryURL) problems.push(...issuerUrlProblems(discoveryURL, `${path}.issuer.discoveryURL`));
  if (audiences.length === 0)
    problems.push(`${path}.issuer.audiences: Required value: at least one ${path}.issuer.audiences is required`);
  if (audiences.length > 1 && audienceMatchPolicy !== "MatchAny") {
    problems.push(
      `${path}.issuer.audienceMatchPolicy: Invalid value: ${JSON.stringify(audienceMatchPolicy ?? "")}: audienceMatchPolicy must be MatchAny for multiple audiences`,
    );
  }
  const { username = {}, groups, uid, extra = [] } = claimMappings;
  if (issuer.egressSelectorType)
    problems.push(`${path}.issuer.egressSelectorType: Forbidden: egress selectors are not supported here`);
  const expressions: [string, unknown][] = [
    ["claimMappings.username.expression", username.expression],
    ["claimMappings.groups.expression", groups?.expression],
    ["claimMappings.uid.expression", uid?.expression],
    ["claimMappings.extra", extra.length > 0],
    ["claimValidationRules", claimValidationRules.some(({ expression }) => expression)],
    ["userValidationRules", (jwt.userValidationRules ?? []).length > 0],
  ];
  for (const [field, given] of expressions) {
    if (given) problems.push(`${path}.${field}: Forbidden: expressions are not supported here, name claims instead`);
  }
  if (!username.claim && !username.expression)
    problems.push(`${path}.claimMappings.username: Required value: claim or expression is required`);
  if (username.claim && username.prefix === undefined) {
    problems.push(
      `${path}.claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing`,
    );
  }
  if (groups?.claim && groups.prefix === undefined) {
    problems.push(
      `${path}.claimMappings.groups.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing`,
    );
  }
  return {
    url,
    discoveryURL,
    certificateAuthority,
    audiences,
    username: { claim: username.claim ?? "", prefix: username.prefix ?? "" },
    ...(groups?.claim && { groups: { claim: groups.claim, prefix: groups.prefix ?? "" } }),
    ...(uid?.claim && { uidClaim: uid.claim }),
    requiredClaims: Object.fromEntries(
      claimValidationRules.map(({ claim = "", requiredValue = "" }) => [claim, requiredValue]),
    ),
  };
}

/** Of where an issuer is. */
export function issuerUrlProblems(url: string, path: string): string[] {
  if (url === "") return [`${path}: Required value: URL is required`];
  const parsed = URL.parse(url);
  const invalid = (why: string) => [`${path}: Invalid value: ${JSON.stringify(url)}: ${why}`];
  if (parsed === null) return invalid("URL cannot be parsed");
  if (parsed.protocol !== "https:") return invalid("URL scheme must be https");
  if (parsed.username || parsed.password) return invalid("URL must not contain a username or password");
  if (parsed.search) return invalid("URL must not contain a query");
  return parsed.hash ? invalid("URL must not contain a fragment") : [];
}
