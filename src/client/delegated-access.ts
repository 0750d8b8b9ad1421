import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { SubjectAccessReview, TokenReview } from "../api/types/index.ts";
import type { Clock } from "../host/index.ts";
import type { Client, ResourceType } from "./client.ts";
import { LruMap } from "./lru.ts";

/** Who asks. */
export interface RequestUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What is asked for, as a SubjectAccessReview names it. */
export type AccessAttributes = Pick<
  SubjectAccessReview["spec"] & object,
  "nonResourceAttributes" | "resourceAttributes"
>;

export interface DelegatedAccessOptions {
  readonly client: Pick<Client, "resource">;
  readonly clock: Clock;
  /** How long an answer of the API server holds, in ms. */
  readonly tokenMs: number;
  readonly allowedMs: number;
  readonly deniedMs: number;
}

/** Decides for a server beside the API server who its clients are and what they may, by asking the API server. */
export interface DelegatedAccess {
  /**
   * Whom the client certificate or the bearer token of a request names; who shows neither is `system:anonymous` where
   * that is let in. Undefined is nobody: answer 401.
   */
  userOf(request: IncomingMessage, letInAnonymous: boolean): Promise<RequestUser | undefined>;
  isAllowed(user: RequestUser, attributes: AccessAttributes): Promise<boolean>;
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

/** Answers remembered at most, of each of the two questions. */
const rememberedMax = 4096;

export function delegatedAccess(options: DelegatedAccessOptions): DelegatedAccess {
  const { client, clock, tokenMs, allowedMs, deniedMs } = options;
  const tokens = new Remembered<RequestUser | undefined>(clock, () => tokenMs);
  const decisions = new Remembered<boolean>(clock, (allowed) => (allowed ? allowedMs : deniedMs));

  async function reviewToken(token: string): Promise<RequestUser | undefined> {
    const { status } = await client.resource(tokenReviews).create({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      metadata: {},
      spec: { token },
    });
    if (status?.authenticated !== true) return undefined;
    const { username = "", uid, groups = [], extra } = status.user ?? {};
    return { username, uid, groups, extra };
  }

  async function reviewAccess(user: RequestUser, attributes: AccessAttributes): Promise<boolean> {
    const { username, uid, groups, extra } = user;
    const { status } = await client.resource(accessReviews).create({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: {},
      spec: {
        user: username,
        uid,
        groups: [...groups],
        extra: extra as Record<string, string[]> | undefined,
        ...attributes,
      },
    });
    return status?.allowed === true;
  }

  return {
    async userOf(request, letInAnonymous) {
      const named = certificateUser(request.socket as TLSSocket);
      if (named !== undefined) return named;
      const token = /^bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? "")?.[1];
      if (token !== undefined) return tokens.get(token, () => reviewToken(token));
      return letInAnonymous ? { username: "system:anonymous", groups: ["system:unauthenticated"] } : undefined;
    },
    isAllowed: (user, attributes) =>
      decisions.get(JSON.stringify([user, attributes]), () => reviewAccess(user, attributes)),
  };
}

/** Whom a certificate names that the server's client authority has signed. */
function certificateUser(socket: TLSSocket): RequestUser | undefined {
  if (socket.authorized !== true) return undefined;
  const subject: { readonly CN?: unknown; readonly O?: unknown } | undefined = socket.getPeerCertificate().subject;
  const [username] = texts(subject?.CN);
  if (username === undefined) return undefined;
  return { username, groups: [...texts(subject?.O), "system:authenticated"] };
}

function texts(value: unknown): string[] {
  return [value].flat().filter((one) => typeof one === "string");
}

/** Answers that hold for a while; a question that is being asked is not asked twice, a failed one is asked again. */
class Remembered<T> {
  readonly #clock: Clock;
  readonly #holdsMs: (answer: T) => number;
  readonly #entries = new LruMap<string, { readonly answer: Promise<T>; untilMs: number }>(rememberedMax);

  constructor(clock: Clock, holdsMs: (answer: T) => number) {
    this.#clock = clock;
    this.#holdsMs = holdsMs;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && this.#clock.now() < known.untilMs) return known.answer;
    const entry = { answer: ask(), untilMs: Number.POSITIVE_INFINITY };
    this.#entries.set(key, entry);
    entry.answer.then(
      (answer) => {
        entry.untilMs = this.#clock.now() + this.#holdsMs(answer);
      },
      () => this.#entries.delete(key),
    );
    return entry.answer;
  }
}
