import type { UserInfo } from "../request.ts";

/** What a request is sorted by. */
export interface LimitedRequest {
  /** The verb of authorization. */
  readonly verb: string;
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
}

/** A request's place among those that are worked on; given back once. */
export interface Seat {
  give(): void;
}

/** What requests of one sort have in common. */
export interface Flow {
  /** Go with the answers. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /**
   * A place at once, or after a while; undefined when there is none.
   * @param seats that the request takes; default 1
   * @param deadlineMs time that it has
   */
  take(
    user: UserInfo,
    request: LimitedRequest,
    seats?: number,
    deadlineMs?: number,
  ): Seat | undefined | Promise<Seat | undefined>;
  /** How long who was refused should stay away. */
  readonly retryAfterSeconds: number;
}

/** Bounds how many requests are worked on at once. */
export interface Limiter {
  flowOf(user: UserInfo, request: LimitedRequest): Flow;
}
