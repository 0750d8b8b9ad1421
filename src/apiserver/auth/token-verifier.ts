import type { KubeObject } from "../../api/meta/index.ts";
import type { Secret, ServiceAccount } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import type { Store } from "../../store/index.ts";
import type { UserInfo } from "../request.ts";
import type { SigningKey } from "./jwt.ts";
import type { LegacyTokenUses } from "./legacy-token-uses.ts";
import {
  type BoundReference,
  extraKeys,
  type SecretTokenClaims,
  secretTokenIssuer,
  serviceAccountGroups,
  serviceAccountUser,
  type TokenClaims,
} from "./token-claims.ts";

export interface VerifiedToken {
  readonly user: UserInfo;
  /** Those of the asked audiences that the token is for. */
  readonly audiences: readonly string[];
}

/** A token that was found good is believed for this long before its objects are looked up again. */
const trustMs = 10_000;
/** What is being deleted keeps its tokens a little, so that it can finish cleanly. */
const leewayMs = 60_000;
const rememberedMax = 10_000;
const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";

interface Remembered extends VerifiedToken {
  readonly untilMs: number;
}

/** Checks service account tokens: the signature, the times, the audience, and that what they are bound to still exists. */
export class TokenVerifier {
  readonly #host: Host;
  readonly #store: Store;
  readonly #key: SigningKey;
  readonly #issuer: string;
  readonly #audiences: readonly string[];
  readonly #uses: LegacyTokenUses | undefined;
  readonly #remembered = new Map<string, Remembered>();

  /** @param uses is told of tokens that are kept in secrets. */
  constructor(
    host: Host,
    store: Store,
    key: SigningKey,
    issuer: string,
    audiences: readonly string[] = [issuer],
    uses?: LegacyTokenUses,
  ) {
    this.#host = host;
    this.#store = store;
    this.#key = key;
    this.#issuer = issuer;
    this.#audiences = audiences;
    this.#uses = uses;
  }

  /** Undefined when the token is not valid for any of `audiences` (by default the API server's own). */
  async verify(token: string, audiences: readonly string[] = this.#audiences): Promise<VerifiedToken | undefined> {
    const key = `${audiences.join(" ")} ${token}`;
    const now = this.#host.clock.now();
    const known = this.#remembered.get(key);
    if (known !== undefined && now < known.untilMs) return known;
    this.#remembered.delete(key);
    const verified = await this.#check(token, audiences, now);
    if (verified === undefined) return undefined;
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(key, verified);
    return verified;
  }

  async #check(token: string, audiences: readonly string[], now: number): Promise<Remembered | undefined> {
    const verified = this.#key.verify(token);
    if (verified === undefined) return undefined;
    if (verified.iss === secretTokenIssuer) {
      return this.#checkSecretToken(token, verified as unknown as SecretTokenClaims, audiences, now);
    }
    // The signature is ours: so are the claims.
    const claims = verified as unknown as TokenClaims;
    const seconds = now / 1000;
    if (claims.iss !== this.#issuer || seconds >= claims.exp || seconds < claims.nbf) return undefined;
    const common = claims.aud.filter((audience) => audiences.includes(audience));
    if (common.length === 0 || !(await this.#boundObjectsExist(claims))) return undefined;
    return { user: userOf(claims), audiences: common, untilMs: Math.min(now + trustMs, claims.exp * 1000) };
  }

  /** A token of a secret is for the API server alone, and is good while the secret holds that very token. */
  async #checkSecretToken(
    token: string,
    claims: SecretTokenClaims,
    audiences: readonly string[],
    now: number,
  ): Promise<Remembered | undefined> {
    const common = this.#audiences.filter((audience) => audiences.includes(audience));
    const namespace = claims["kubernetes.io/serviceaccount/namespace"];
    const name = claims["kubernetes.io/serviceaccount/service-account.name"];
    const uid = claims["kubernetes.io/serviceaccount/service-account.uid"];
    if (common.length === 0) return undefined;
    const account = await this.#find(`/registry/serviceaccounts/${namespace}/${name}`, { name, uid });
    if (account === undefined) return undefined;
    const secretName = claims["kubernetes.io/serviceaccount/secret.name"];
    const entry = await this.#store.get(`/registry/secrets/${namespace}/${secretName}`);
    const secret = entry?.object as Secret | undefined;
    const isKept = secret?.data?.token === Buffer.from(token).toString("base64");
    if (secret === undefined || !isKept || secret.metadata.deletionTimestamp !== undefined) return undefined;
    if (secret.metadata.labels?.[invalidSinceLabel] !== undefined) {
      this.#uses?.refused(secret);
      return undefined;
    }
    this.#uses?.used(account as ServiceAccount, secret);
    const user = {
      name: serviceAccountUser(namespace, name),
      uid,
      groups: [...serviceAccountGroups(namespace), "system:authenticated"],
    };
    return { user, audiences: common, untilMs: now + trustMs };
  }

  async #boundObjectsExist(claims: TokenClaims): Promise<boolean> {
    const { namespace, serviceaccount, pod, secret, node } = claims["kubernetes.io"];
    const within = (prefix: string, bound: BoundReference): string => `/registry/${prefix}/${namespace}/${bound.name}`;
    if (!(await this.#exists(within("serviceaccounts", serviceaccount), serviceaccount))) return false;
    if (pod !== undefined && !(await this.#exists(within("pods", pod), pod))) return false;
    if (secret !== undefined && !(await this.#exists(within("secrets", secret), secret))) return false;
    // A pod's node is told for information; only a token that is bound to the node itself dies with it.
    const boundToNode = node !== undefined && pod === undefined;
    return !boundToNode || this.#exists(`/registry/minions/${node.name}`, node);
  }

  async #exists(key: string, bound: BoundReference): Promise<boolean> {
    return (await this.#find(key, bound)) !== undefined;
  }

  async #find(key: string, bound: BoundReference): Promise<KubeObject | undefined> {
    const entry = await this.#store.get(key);
    if (entry === undefined) return undefined;
    const { uid, deletionTimestamp } = entry.object.metadata;
    if (bound.uid !== undefined && bound.uid !== uid) return undefined;
    const isThere =
      deletionTimestamp === undefined || this.#host.clock.now() < Date.parse(deletionTimestamp) + leewayMs;
    return isThere ? entry.object : undefined;
  }
}

function userOf(claims: TokenClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims["kubernetes.io"];
  const extra: Record<string, readonly string[]> = { [extraKeys.credentialId]: [`JTI=${claims.jti}`] };
  if (pod !== undefined) {
    extra[extraKeys.podName] = [pod.name];
    extra[extraKeys.podUid] = [pod.uid ?? ""];
  }
  if (node !== undefined) {
    extra[extraKeys.nodeName] = [node.name];
    if (node.uid !== undefined) extra[extraKeys.nodeUid] = [node.uid];
  }
  return {
    name: serviceAccountUser(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), "system:authenticated"],
    extra,
  };
}
