import { status } from "@grpc/grpc-js";
import { whyUnreachable } from "../../grpc/index.ts";
import { CompactedError, FutureRevisionError, StoreError } from "../store.ts";

/** A call to etcd that failed, with gRPC's code and etcd's own words. */
export class EtcdCallError extends Error {
  override readonly name = "EtcdCallError";
  readonly code: number;
  readonly details: string;
  readonly endpoint: string;

  constructor(endpoint: string, method: string, code: number, details: string) {
    super(`etcd at ${endpoint}: ${whyUnreachable(details) ?? `${method}: ${details}`}`);
    this.code = code;
    this.details = details;
    this.endpoint = endpoint;
  }
}

/** The request never left this process: another endpoint may be asked without fear of doing it twice. */
export function wasNotSent(error: unknown): boolean {
  if (!(error instanceof EtcdCallError)) return false;
  if (error.details.includes("etcdserver: too many requests")) return true;
  return error.code === status.UNAVAILABLE && whyUnreachable(error.details) !== undefined;
}

/** It may go well on another endpoint, or a moment later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof EtcdCallError)) return false;
  const transient: readonly number[] = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED];
  return transient.includes(error.code) || wasNotSent(error);
}

/** What the store promises to throw, from what etcd said. */
export function asStoreError(error: unknown): unknown {
  if (!(error instanceof EtcdCallError)) return error;
  const { details } = error;
  if (details.includes("required revision has been compacted")) return new CompactedError(0);
  if (details.includes("required revision is a future revision")) return new FutureRevisionError(details);
  // What no repetition mends is no "try again": it goes up as an internal error with etcd's words.
  if (/request is too large|message larger than max|too many operations/.test(details)) return error;
  return new StoreError(error.message, { cause: error });
}
