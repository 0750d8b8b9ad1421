import type { Duplex } from "node:stream";
import { errors } from "../../api/meta/index.ts";
import type { UserInfo } from "../request.ts";
import type { ShownCredentials } from "./authenticator.ts";
import type { ClientCertificates } from "./client-certificate.ts";

/** How a front proxy before this server is known, and where it says who asks: the original's --requestheader-* flags. */
export interface RequestHeaderConfig {
  /** PEM: who signs the certificates of front proxies. */
  readonly clientCa: string;
  /** Common names of front proxies; with none any certificate of the authority will do. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** What kubeadm sets. */
export const defaultRequestHeaders = {
  allowedNames: ["front-proxy-client"],
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: [],
  groupHeaders: ["X-Remote-Group"],
  extraHeaderPrefixes: ["X-Remote-Extra-"],
} as const satisfies Omit<RequestHeaderConfig, "clientCa">;

/** Who a front proxy says that asks. */
export class RequestHeaders {
  readonly #config: RequestHeaderConfig;
  readonly #proxies: ClientCertificates;
  readonly #usernames: readonly string[];
  readonly #groups: readonly string[];
  readonly #uids: readonly string[];
  readonly #prefixes: readonly string[];

  /** @param proxies reads certificates of the front proxies' authority. */
  constructor(config: RequestHeaderConfig, proxies: ClientCertificates) {
    this.#config = config;
    this.#proxies = proxies;
    const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase());
    this.#usernames = lower(config.usernameHeaders);
    this.#groups = lower(config.groupHeaders);
    this.#uids = lower(config.uidHeaders);
    this.#prefixes = lower(config.extraHeaderPrefixes);
  }

  /** Undefined when no front proxy speaks. @throws ApiError 401 for a proxy that is not one of those named. */
  userOf(shown: ShownCredentials, connection: Duplex): UserInfo | undefined {
    const name = valuesOf(shown, this.#usernames)[0];
    if (name === undefined) return undefined;
    const proxy = this.#proxies.userOf(connection);
    if (proxy === undefined) return undefined;
    const { allowedNames } = this.#config;
    if (allowedNames.length > 0 && !allowedNames.includes(proxy.name)) throw errors.unauthorized();
    const uid = valuesOf(shown, this.#uids)[0];
    const groups = valuesOf(shown, this.#groups);
    const isKnown = !groups.includes("system:authenticated") && !groups.includes("system:unauthenticated");
    return {
      name,
      groups: isKnown && name !== "system:anonymous" ? [...groups, "system:authenticated"] : groups,
      ...(uid !== undefined && { uid }),
      extra: this.#extra(shown),
    };
  }

  #extra(shown: ShownCredentials): Record<string, readonly string[]> {
    const extra: Record<string, readonly string[]> = {};
    for (const header of Object.keys(shown.headers)) {
      const prefix = this.#prefixes.find((one) => header.startsWith(one));
      if (prefix !== undefined) extra[unescaped(header.slice(prefix.length))] = shown.headerValues(header);
    }
    return extra;
  }
}

/** Each as it was sent: a group may have a comma in its name. */
function valuesOf(shown: ShownCredentials, names: readonly string[]): string[] {
  // Most requests have none: nothing is made of their headers then.
  const sent = names.filter((name) => shown.headers[name] !== undefined);
  return sent.flatMap((name) => shown.headerValues(name)).filter((value) => value !== "");
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
