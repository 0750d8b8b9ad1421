import type { UserInfo } from "../request.ts";
import type { Exchange } from "./exchange.ts";
import type { Query } from "./query.ts";

/** A request on a path that is no resource. It has been authorized. */
export interface PathRequest {
  readonly exchange: Exchange;
  /** Decoded. */
  readonly path: string;
  readonly query: Query;
  readonly user: UserInfo;
  readonly auditId: string;
}

export type PathHandler = (request: PathRequest) => void | Promise<void>;

/** What is served beside resources: discovery, health, version, metrics. */
export class PathRoutes {
  readonly #exact = new Map<string, PathHandler>();
  readonly #prefixes: { readonly prefix: string; readonly handler: PathHandler }[] = [];

  exact(path: string, handler: PathHandler): void {
    this.#exact.set(path, handler);
  }

  /** All paths below `prefix`, which ends with a slash. */
  below(prefix: string, handler: PathHandler): void {
    this.#prefixes.push({ prefix, handler });
  }

  find(path: string): PathHandler | undefined {
    return this.#exact.get(path) ?? this.#prefixes.find(({ prefix }) => path.startsWith(prefix))?.handler;
  }

  /** For the list at `/`. */
  paths(): string[] {
    return [...this.#exact.keys()].filter((path) => path !== "/").sort();
  }
}

const textHeaders = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };

/** A plain text, with or without a final line break as given. */
export function sendText(request: Pick<PathRequest, "exchange" | "auditId">, code: number, text: string): void {
  request.exchange.send(
    code,
    { "audit-id": request.auditId, "cache-control": "no-cache, private", ...textHeaders },
    text,
  );
}

/** JSON as Go's indented encoding writes it, for people who read it with a browser or curl. */
export function sendIndentedJson(
  request: Pick<PathRequest, "exchange" | "auditId">,
  code: number,
  value: object,
): void {
  const headers = {
    "audit-id": request.auditId,
    "cache-control": "no-cache, private",
    "content-type": "application/json",
  };
  request.exchange.send(code, headers, JSON.stringify(value, null, 2));
}

export const notFoundText = "404 page not found\n";
