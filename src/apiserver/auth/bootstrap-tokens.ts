import { timingSafeEqual } from "node:crypto";
import { isValidTime, parseTime } from "../../api/meta/index.ts";
import type { Secret } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import type { Store } from "../../store/index.ts";
import type { UserInfo } from "../request.ts";

const secretNamespace = "kube-system";
const secretType = "bootstrap.kubernetes.io/token";
const bootstrappers = "system:bootstrappers";
const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Tokens by which a machine that nobody knows yet asks for its certificate: `kubeadm join`, `--bootstrap-kubeconfig`.
 * Each is a secret of kube-system; the secret's end is the token's.
 */
export class BootstrapTokens {
  readonly #host: Host;
  readonly #store: Store;

  constructor(host: Host, store: Store) {
    this.#host = host;
    this.#store = store;
  }

  /** Undefined for what is no token of this kind, or none that is good. */
  async userOf(token: string): Promise<UserInfo | undefined> {
    const [, id, text] = tokenPattern.exec(token) ?? [];
    if (id === undefined || text === undefined) return undefined;
    const entry = await this.#store.get(`/registry/secrets/${secretNamespace}/bootstrap-token-${id}`);
    const secret = entry?.object as Secret | undefined;
    if (secret === undefined || !this.#isGood(secret, id, text)) return undefined;
    const groups = extraGroups(secret);
    if (groups === undefined) {
      this.#host.log.warn("a bootstrap token names groups that it may not give", { secret: secret.metadata.name });
      return undefined;
    }
    return {
      name: `system:bootstrap:${id}`,
      groups: [...new Set([bootstrappers, ...groups])].sort().concat("system:authenticated"),
    };
  }

  #isGood(secret: Secret, id: string, text: string): boolean {
    if (secret.metadata.deletionTimestamp !== undefined || secret.type !== secretType) return false;
    if (!isSame(dataOf(secret, "token-secret"), text) || dataOf(secret, "token-id") !== id) return false;
    return !this.#isOver(secret) && dataOf(secret, "usage-bootstrap-authentication") === "true";
  }

  /** What is no time has expired already. */
  #isOver(secret: Secret): boolean {
    const expiration = dataOf(secret, "expiration");
    if (expiration === "") return false;
    return !isValidTime(expiration) || parseTime(expiration) <= this.#host.clock.now();
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Undefined when one of them is none that a token may give. */
function extraGroups(secret: Secret): string[] | undefined {
  const text = dataOf(secret, "auth-extra-groups");
  if (text === "") return [];
  const groups = text.split(",").map((group) => group.trim());
  return groups.every((group) => groupPattern.test(group)) ? groups : undefined;
}

function dataOf(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? "", "base64").toString();
}
