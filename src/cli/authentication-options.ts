import { type Command, InvalidArgumentError } from "commander";
import { type AuthenticationSettings, type AuthorizationMode, authorizationModes } from "../cluster/index.ts";
import { list } from "./values.ts";

export interface AuthenticationFlags {
  readonly anonymousAuth?: boolean;
  readonly tokenAuthFile?: string;
  readonly authenticationConfig?: string;
  readonly authorizationMode?: readonly AuthorizationMode[];
  readonly oidcIssuerUrl?: string;
  readonly oidcClientId?: string;
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  readonly oidcCaFile?: string;
  readonly oidcRequiredClaim?: Readonly<Record<string, string>>;
  readonly oidcSigningAlgs?: readonly string[];
}

const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

/** Who is believed: flags with the original's names and defaults. */
export function addAuthenticationFlags(command: Command): Command {
  return command
    .option(
      "--anonymous-auth <true|false>",
      "answer who shows no credentials, as system:anonymous (default: true)",
      truth,
    )
    .option("--token-auth-file <file>", 'tokens, one a line: token,user,uid,"group1,group2"')
    .option(
      "--authentication-config <file>",
      "AuthenticationConfiguration: issuers of tokens, and what anonymous may ask for",
    )
    .option(
      "--authorization-mode <modes>",
      `who decides who may what, in this order: ${authorizationModes.join(", ")} (default: Node,RBAC)`,
      modes,
    )
    .option("--oidc-issuer-url <url>", "issuer of OpenID Connect tokens")
    .option("--oidc-client-id <id>", "audience that these tokens must be for")
    .option("--oidc-username-claim <claim>", "claim that is the user's name (default: sub)")
    .option(
      "--oidc-username-prefix <prefix>",
      "what it is prefixed with; -: nothing (default: the issuer and #, but for email)",
    )
    .option("--oidc-groups-claim <claim>", "claim that holds the user's groups")
    .option("--oidc-groups-prefix <prefix>", "what they are prefixed with")
    .option("--oidc-ca-file <file>", "authority of the issuer's certificate (default: the system's)")
    .option("--oidc-required-claim <key=value>", "a claim that tokens must have; may be given several times", claims)
    .option("--oidc-signing-algs <names>", "algorithms that tokens may be signed with (default: RS256)", signing);
}

export function authenticationSettings(flags: AuthenticationFlags): AuthenticationSettings {
  const { anonymousAuth, tokenAuthFile, authenticationConfig } = flags;
  const oidc = {
    issuerUrl: flags.oidcIssuerUrl,
    clientId: flags.oidcClientId,
    usernameClaim: flags.oidcUsernameClaim,
    usernamePrefix: flags.oidcUsernamePrefix,
    groupsClaim: flags.oidcGroupsClaim,
    groupsPrefix: flags.oidcGroupsPrefix,
    caFile: flags.oidcCaFile,
    requiredClaims: flags.oidcRequiredClaim,
    signingAlgorithms: flags.oidcSigningAlgs,
  };
  const isGiven = Object.values(oidc).some((value) => value !== undefined);
  return { anonymousAuth, tokenAuthFile, authenticationConfig, ...(isGiven && { oidc }) };
}

function modes(text: string): readonly AuthorizationMode[] {
  const found: AuthorizationMode[] = [];
  for (const name of list(text)) {
    const mode = authorizationModes.find((known) => known === name);
    if (mode === undefined) throw new InvalidArgumentError(`${name} is none of ${authorizationModes.join(", ")}.`);
    if (found.includes(mode)) throw new InvalidArgumentError(`${name} is given more than once.`);
    found.push(mode);
  }
  if (found.length === 0) throw new InvalidArgumentError("At least one mode is needed.");
  return found;
}

function truth(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("It must be true or false.");
}

function claims(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("It must be key=value.");
  return { ...before, [key]: value };
}

function signing(text: string): readonly string[] {
  const names = list(text);
  const unknown = names.find((name) => !algorithms.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`${unknown} is none of ${algorithms.join(", ")}.`);
  return names;
}
