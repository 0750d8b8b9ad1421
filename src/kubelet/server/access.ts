import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { SubjectAccessReview, TokenReview } from "../../api/types/index.ts";
import type { Client, ResourceType } from "../../client/index.ts";
import type { Clock } from "../../host/index.ts";
import { Refusal } from "./refusal.ts";

/** Decides who may use the kubelet's API. */
export interface Access {
  /** @throws Refusal 401 or 403 */
  check(request: IncomingMessage, path: string): Promise<void>;
}

export interface ReviewedAccessOptions {
  readonly client: Pick<Client, "resource">;
  readonly clock: Clock;
  readonly nodeName: string;
  /** `AlwaysAllow` asks who it is, not whether it may. Default `Webhook`. */
  readonly authorization?: "Webhook" | "AlwaysAllow";
  /** Default false. */
  readonly anonymous?: boolean;
}

interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const tokenReviews: ResourceType<TokenReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  resource: "tokenreviews",
  kind: "TokenReview",
  namespaced: false,
};
const accessReviews: ResourceType<SubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  resource: "subjectaccessreviews",
  kind: "SubjectAccessReview",
  namespaced: false,
};

/** KubeletConfiguration's defaults: authentication.webhook.cacheTTL and the authorizer's two. */
const tokenCacheMs = 2 * 60 * 1000;
const allowedCacheMs = 5 * 60 * 1000;
const deniedCacheMs = 30 * 1000;
const cachedMax = 4096;

const methodVerbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Paths that have a permission of their own, beside the one for everything (`proxy`). */
const fineGrained: Readonly<Record<string, string>> = {
  "/pods": "pods",
  "/runningpods": "pods",
  "/healthz": "healthz",
  "/configz": "configz",
};
const coarse: Readonly<Record<string, string>> = {
  "/stats": "stats",
  "/metrics": "metrics",
  "/logs": "log",
  "/checkpoint": "checkpoint",
};

/** The subresources of the node of which one must be allowed, as the original maps paths. */
export function subresourcesOf(path: string): readonly string[] {
  const below = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  for (const [prefix, subresource] of Object.entries(coarse)) if (below(prefix)) return [subresource];
  for (const [prefix, subresource] of Object.entries(fineGrained)) if (below(prefix)) return [subresource, "proxy"];
  return ["proxy"];
}

/** Authentication by client certificates and tokens, authorization by asking the API server, both remembered a while. */
export function reviewedAccess(options: ReviewedAccessOptions): Access {
  const { client, clock, nodeName } = options;
  const tokens = new Remembered<User | undefined>(clock);
  const decisions = new Remembered<boolean>(clock);

  async function reviewToken(token: string): Promise<User | undefined> {
    const review: TokenReview = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      metadata: {},
      spec: { token },
    };
    const { status } = await client.resource(tokenReviews).create(review);
    if (status?.authenticated !== true) return undefined;
    const { username = "", uid, groups = [], extra } = status.user ?? {};
    return { username, uid, groups, extra };
  }

  async function reviewAccess(user: User, verb: string, subresource: string): Promise<boolean> {
    const review: SubjectAccessReview = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: {},
      spec: {
        user: user.username,
        uid: user.uid,
        groups: [...user.groups],
        extra: user.extra as Record<string, string[]> | undefined,
        resourceAttributes: { verb, version: "v1", resource: "nodes", subresource, name: nodeName },
      },
    };
    const { status } = await client.resource(accessReviews).create(review);
    return status?.allowed === true;
  }

  async function authenticate(request: IncomingMessage): Promise<User> {
    const byCertificate = certificateUser(request.socket as TLSSocket);
    if (byCertificate !== undefined) return byCertificate;
    const token = /^bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token !== undefined) {
      const user = await tokens.get(
        token,
        () => reviewToken(token),
        () => tokenCacheMs,
      );
      if (user !== undefined) return user;
    } else if (options.anonymous === true) {
      return { username: "system:anonymous", groups: ["system:unauthenticated"] };
    }
    throw new Refusal(401, "Unauthorized");
  }

  return {
    async check(request, path) {
      const user = await authenticate(request);
      if (options.authorization === "AlwaysAllow") return;
      const verb = methodVerbs[request.method ?? ""] ?? "";
      const subresources = subresourcesOf(path);
      for (const subresource of subresources) {
        const key = JSON.stringify([user, verb, subresource]);
        const ask = (): Promise<boolean> => reviewAccess(user, verb, subresource);
        if (await decisions.get(key, ask, (allowed) => (allowed ? allowedCacheMs : deniedCacheMs))) return;
      }
      const which = `user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}]`;
      throw new Refusal(403, `Forbidden (${which})`);
    },
  };
}

/** Whom a certificate names that the client authority has signed. */
function certificateUser(socket: TLSSocket): User | undefined {
  if (socket.authorized !== true) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (subject?.CN === undefined) return undefined;
  const organizations: unknown = subject.O;
  const groups = (Array.isArray(organizations) ? organizations : [organizations]).filter(
    (group): group is string => typeof group === "string",
  );
  const username: unknown = subject.CN;
  return {
    username: String(Array.isArray(username) ? username[0] : username),
    groups: [...groups, "system:authenticated"],
  };
}

/** Answers that hold for a while; a question that is being asked is not asked twice. */
class Remembered<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly answer: Promise<T>; untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string, ask: () => Promise<T>, holdsMs: (answer: T) => number): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.untilMs > this.#clock.now()) return known.answer;
    const entry = { answer: ask(), untilMs: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.answer.then(
      (answer) => {
        entry.untilMs = this.#clock.now() + holdsMs(answer);
      },
      () => this.#entries.delete(key),
    );
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > cachedMax && oldest !== undefined) this.#entries.delete(oldest);
    return entry.answer;
  }
}
