import { parseTime } from "../../../api/meta/index.ts";
import type { Pod, ServiceAccountTokenProjection } from "../../../api/types/index.ts";
import { type Client, resources } from "../../../client/index.ts";
import type { Host } from "../../../host/index.ts";

interface TokenRequest {
  readonly status?: { readonly token: string; readonly expirationTimestamp: string };
}

export interface HeldToken {
  readonly token: string;
  readonly expiresMs: number;
}

interface Held extends HeldToken {
  /** A new one is asked for from then on. */
  readonly renewMs: number;
}

const defaultExpirationSeconds = 3600;
const oldestMs = 24 * 3600_000;
/** Spread, so that tokens that were made together are not renewed together. */
const renewalJitterMs = 10_000;

/** Tokens of service accounts, bound to pods: asked for once and again at 80 % of their life, or after a day. */
export class TokenCache {
  readonly #client: Pick<Client, "resource">;
  readonly #host: Host;
  readonly #held = new Map<string, Held>();

  constructor(client: Pick<Client, "resource">, host: Host) {
    this.#client = client;
    this.#host = host;
  }

  /** @throws Error when there is none to be had; one that still holds is given though it could not be renewed. */
  async held(
    pod: Pod,
    { audience, expirationSeconds }: Omit<ServiceAccountTokenProjection, "path">,
  ): Promise<HeldToken> {
    const { uid = "" } = pod.metadata;
    const key = [uid, pod.spec?.serviceAccountName, audience, expirationSeconds].join("\n");
    const held = this.#held.get(key);
    if (held !== undefined && this.#host.clock.now() < held.renewMs) return held;
    try {
      const fresh = await this.#request(pod, audience, expirationSeconds ?? defaultExpirationSeconds);
      this.#held.set(key, fresh);
      return fresh;
    } catch (error) {
      if (held !== undefined && this.#host.clock.now() < held.expiresMs) {
        this.#host.log.warn("a service account's token could not be renewed", { pod: uid, error: String(error) });
        return held;
      }
      throw new Error(`failed to fetch token: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }

  /** Forgets a pod that is gone. */
  forget(podUid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${podUid}\n`)) this.#held.delete(key);
  }

  async #request(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<Held> {
    const { namespace = "", name = "", uid = "" } = pod.metadata;
    const account = { namespace, name: pod.spec?.serviceAccountName ?? "default" };
    const made = await this.#client
      .resource(resources.serviceaccounts)
      .subresource<TokenRequest>("token")
      .create(account, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        metadata: {},
        spec: {
          audiences: audience === undefined || audience === "" ? [] : [audience],
          expirationSeconds,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        },
      });
    if (made.status === undefined) throw new Error("the API server answered a token request without a token");
    const nowMs = this.#host.clock.now();
    const expiresMs = parseTime(made.status.expirationTimestamp);
    const jitterMs = this.#host.random.next() * renewalJitterMs;
    const renewMs = Math.min(expiresMs - (expiresMs - nowMs) * 0.2, nowMs + oldestMs) - jitterMs;
    return { token: made.status.token, expiresMs, renewMs };
  }
}
