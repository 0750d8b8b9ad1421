import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { Audit, AuditTrail } from "../audit/index.ts";
import type { UserInfo } from "../request.ts";
import type { AnswerHeaders, AnswerStream, Exchange } from "./exchange.ts";
import type { Query } from "./query.ts";
import { attributesOf, type RequestInfo } from "./request-info.ts";

/** An exchange whose answer the audit is told of. */
export class AuditedExchange implements Exchange {
  readonly #inner: Exchange;
  readonly #trail: AuditTrail;
  readonly #tellsStart: boolean;
  #code = 0;

  /** @param tellsStart whether its answer goes on for long */
  constructor(inner: Exchange, trail: AuditTrail, tellsStart: boolean) {
    this.#inner = inner;
    this.#trail = trail;
    this.#tellsStart = tellsStart;
    inner.onFinished(() => trail.complete(this.#code));
  }

  get method(): string {
    return this.#inner.method;
  }

  get url(): string {
    return this.#inner.url;
  }

  get headers(): IncomingHttpHeaders {
    return this.#inner.headers;
  }

  get connection(): Duplex {
    return this.#inner.connection;
  }

  get finished(): boolean {
    return this.#inner.finished;
  }

  get common(): Readonly<Record<string, string>> | undefined {
    return this.#inner.common;
  }

  set common(headers: Readonly<Record<string, string>> | undefined) {
    this.#inner.common = headers;
  }

  headerValues(name: string): readonly string[] {
    return this.#inner.headerValues(name);
  }

  readBody(bytesMax: number): Promise<Buffer> {
    return this.#inner.readBody(bytesMax);
  }

  send(code: number, headers: AnswerHeaders, body?: Buffer | string): void {
    this.#began(code);
    // Told before the client can know of it.
    if (!this.#inner.finished) this.#trail.complete(code);
    this.#inner.send(code, headers, body);
  }

  open(code: number, headers: AnswerHeaders): AnswerStream {
    this.#began(code);
    return this.#inner.open(code, headers);
  }

  abandon(): void {
    this.#inner.abandon();
  }

  onFinished(listener: () => void): void {
    this.#inner.onFinished(listener);
  }

  #began(code: number): void {
    this.#code = code;
    if (this.#tellsStart) this.#trail.started(code);
  }
}

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly connection: Duplex;
  readonly url: string;
}

/** Begins to tell of a request over HTTP; undefined when nothing is to be told. */
export function auditTrailOf(
  audit: Audit,
  asked: Asked,
  info: RequestInfo,
  query: Query,
  auditId: string,
  user: UserInfo,
): AuditTrail | undefined {
  const { headers } = asked;
  const trail = audit.begin({
    attributes: attributesOf(info, user, query),
    auditId,
    requestUri: asked.url,
    sourceIPs: sourceIPsOf(asked),
    userAgent: headers["user-agent"],
  });
  trail?.received();
  return trail;
}

/** As proxies on the way tell them, and whoever holds the connection last. */
function sourceIPsOf({ headers, connection }: Asked): string[] {
  const forwarded = headers["x-forwarded-for"];
  const found = (Array.isArray(forwarded) ? forwarded : [forwarded ?? ""])
    .flatMap((text) => text.split(","))
    .map((text) => text.trim())
    .filter((text) => text !== "");
  const real = headers["x-real-ip"];
  if (typeof real === "string" && real !== "" && found[0] !== real) found.push(real);
  const { remoteAddress } = connection as Duplex & { remoteAddress?: string };
  const last = remoteAddress?.replace(/^::ffff:/, "");
  if (last !== undefined && found.at(-1) !== last) found.push(last);
  return found;
}
