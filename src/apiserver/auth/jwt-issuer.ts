import { constants, createPublicKey, type JsonWebKeyInput, type KeyObject, verify } from "node:crypto";
import { request } from "node:https";
import type { JsonObject } from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import type { UserInfo } from "../request.ts";
import type { JwtIssuerConfig } from "./authentication-config.ts";
import { type DecodedToken, decodeToken } from "./jwt.ts";

/** A document of an issuer is no longer than this. */
const documentBytesMax = 1024 * 1024;
const fetchTimeoutMs = 10_000;
/** Keys are asked for anew when one is not known, but not more often. */
const refetchMs = 10_000;

const hashes: Readonly<Record<string, string>> = { "256": "sha256", "384": "sha384", "512": "sha512" };
const kinds: Readonly<Record<string, "rsa" | "ec">> = { RS: "rsa", PS: "rsa", ES: "ec" };

interface PublishedKey {
  readonly id: string | undefined;
  readonly key: KeyObject;
}

/** Tokens of one issuer (OpenID Connect): whose they are is told by their claims. */
export class JwtIssuer {
  readonly #config: JwtIssuerConfig;
  readonly #host: Pick<Host, "clock" | "log">;
  #keys: readonly PublishedKey[] = [];
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(config: JwtIssuerConfig, host: Pick<Host, "clock" | "log">) {
    this.#config = config;
    this.#host = host;
  }

  /** Undefined for tokens that are not this issuer's, or not valid. */
  async userOf(token: string): Promise<UserInfo | undefined> {
    const decoded = decodeToken(token);
    const { url, audiences } = this.#config;
    if (decoded === undefined || decoded.claims.iss !== url) return undefined;
    if (!(await this.#isSigned(decoded))) return this.#refuse("failed to verify signature");
    const { claims } = decoded;
    const now = this.#host.clock.now() / 1000;
    if (typeof claims.exp !== "number" || claims.exp <= now) return this.#refuse("token is expired");
    if (typeof claims.nbf === "number" && claims.nbf > now + 300)
      return this.#refuse("current time before the nbf time");
    const meant = textsOf(claims.aud);
    if (!meant.some((one) => audiences.includes(one))) return this.#refuse("audience is not expected");
    return this.#userOfClaims(claims);
  }

  #userOfClaims(claims: JsonObject): UserInfo | undefined {
    const { username, groups, uidClaim, requiredClaims } = this.#config;
    for (const [claim, value] of Object.entries(requiredClaims)) {
      if (claims[claim] !== value) return this.#refuse(`required claim ${claim} is missing or has another value`);
    }
    const name = claims[username.claim];
    if (typeof name !== "string" || name === "") return this.#refuse(`claim ${username.claim} is no text`);
    if (username.claim === "email" && "email_verified" in claims && claims.email_verified !== true) {
      return this.#refuse("email not verified");
    }
    const uid = uidClaim === undefined ? undefined : claims[uidClaim];
    if (uidClaim !== undefined && typeof uid !== "string") return this.#refuse(`claim ${uidClaim} is no text`);
    const named = groups === undefined ? [] : textsOf(claims[groups.claim]).map((group) => groups.prefix + group);
    return {
      name: username.prefix + name,
      ...(typeof uid === "string" && { uid }),
      groups: [...named, "system:authenticated"],
      ...(typeof claims.jti === "string" && {
        extra: { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] },
      }),
    };
  }

  #refuse(why: string): undefined {
    this.#host.log.debug("a token is not accepted", { issuer: this.#config.url, why });
    return undefined;
  }

  async #isSigned(token: DecodedToken): Promise<boolean> {
    if (this.#keys.some((key) => this.#hasSigned(key, token))) return true;
    if (this.#host.clock.now() - this.#fetchedMs < refetchMs) return false;
    await this.#fetch();
    return this.#keys.some((key) => this.#hasSigned(key, token));
  }

  #hasSigned({ id, key }: PublishedKey, { header, content, signature }: DecodedToken): boolean {
    const { alg, kid } = header;
    if (typeof alg !== "string" || (typeof kid === "string" && id !== undefined && kid !== id)) return false;
    const { signingAlgorithms } = this.#config;
    if (signingAlgorithms !== undefined && !signingAlgorithms.includes(alg)) return false;
    const hash = hashes[alg.slice(2)];
    if (hash === undefined || kinds[alg.slice(0, 2)] !== key.asymmetricKeyType) return false;
    const padding = alg.startsWith("PS") ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
    return verify(hash, content, { key, dsaEncoding: "ieee-p1363", ...padding }, signature);
  }

  /** All who wait for the keys wait for the same answer. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchKeys()
      .catch((error: unknown) => {
        const { url } = this.#config;
        this.#host.log.warn("the keys of an issuer cannot be had", { issuer: url, error: String(error) });
      })
      .finally(() => {
        this.#fetchedMs = this.#host.clock.now();
        this.#fetching = undefined;
      });
    return this.#fetching;
  }

  async #fetchKeys(): Promise<void> {
    const { url, discoveryURL, certificateAuthority: ca } = this.#config;
    const discovery = discoveryURL ?? `${url.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const { issuer, jwks_uri: keysUrl } = await document(discovery, ca);
    if (issuer !== url) throw new Error(`${discovery} is of the issuer ${JSON.stringify(issuer)}, not ${url}`);
    if (typeof keysUrl !== "string" || !keysUrl.startsWith("https://")) {
      throw new Error(`${discovery} names no https jwks_uri`);
    }
    const { keys } = await document(keysUrl, ca);
    if (!Array.isArray(keys)) throw new Error(`${keysUrl} has no keys`);
    this.#keys = keys.flatMap((key) => publishedKey(key as JsonObject));
  }
}

/** What is no public key for signatures is passed over. */
function publishedKey(jwk: JsonObject): PublishedKey[] {
  if (jwk.use !== undefined && jwk.use !== "sig") return [];
  try {
    const key = createPublicKey({ key: jwk as JsonWebKeyInput["key"], format: "jwk" });
    return [{ id: typeof jwk.kid === "string" ? jwk.kid : undefined, key }];
  } catch {
    return [];
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

function document(url: string, ca: string | undefined): Promise<JsonObject> {
  const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
  const asked = request(url, { ...(ca && { ca }), timeout: fetchTimeoutMs }, (answer) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > documentBytesMax) asked.destroy(new Error(`${url} answers more than ${documentBytesMax} bytes`));
      chunks.push(chunk);
    });
    answer.on("error", reject);
    answer.on("end", () => {
      if (answer.statusCode !== 200) return reject(new Error(`${url} answers ${answer.statusCode}`));
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString()) as JsonObject);
      } catch {
        reject(new Error(`${url} answers no JSON`));
      }
    });
  });
  asked.on("timeout", () => asked.destroy(new Error(`${url} does not answer within ${fetchTimeoutMs} ms`)));
  asked.on("error", reject);
  asked.end();
  return promise;
}
