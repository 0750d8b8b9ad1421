import { isValidTime, parseTime } from "../../api/meta/index.ts";
import type { Secret } from "../../api/types/index.ts";

export const tokenNamespace = "kube-system";
export const tokenSecretType = "bootstrap.kubernetes.io/token";
const namePrefix = "bootstrap-token-";

/** The data of a bootstrap token as plain text. */
export function textOf(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? "", "base64").toString();
}

export interface SigningToken {
  readonly id: string;
  readonly secret: string;
}

/** The token when it may sign: well-formed, meant for it, and not expired. */
export function signingToken(secret: Secret, nowMs: number): SigningToken | undefined {
  const id = textOf(secret, "token-id");
  const text = textOf(secret, "token-secret");
  const isNamed = secret.metadata.name === `${namePrefix}${id}`;
  if (id === "" || text === "" || !isNamed || textOf(secret, "usage-bootstrap-signing") !== "true") return undefined;
  const end = expiryMs(secret);
  return end !== undefined && end <= nowMs ? undefined : { id, secret: text };
}

/** When the token expires; undefined when it never does. What is no time has expired already. */
export function expiryMs(secret: Secret): number | undefined {
  const text = textOf(secret, "expiration");
  if (text === "") return undefined;
  return isValidTime(text) ? parseTime(text) : Number.NEGATIVE_INFINITY;
}
