import type { FieldError } from "./field-error.ts";
import type { GroupKind, GroupResource, ListMeta } from "./object.ts";

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: ListMeta;
  status?: "Success" | "Failure";
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code?: number;
}
export type StatusReason =
  | ""
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "StoreReadError"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable"
  | (string & {});

export declare class ApiError extends Error {
  readonly status: Status;
  constructor(status: Status, options?: ErrorOptions);
  get code(): number;
  get reason(): StatusReason;
}
export declare function isApiError(err: unknown): err is ApiError;
export declare function isReason(err: unknown, reason: StatusReason): err is ApiError;
export declare const errors: {
  notFound(gr: GroupResource, name: string): ApiError;
  alreadyExists(gr: GroupResource, name: string): ApiError;
  conflict(gr: GroupResource, name: string, message: string): ApiError;
  /** 409 Conflict of server-side apply, with one cause a conflicting field. */
  applyConflict(causes: StatusCause[], message: string): ApiError;
  invalid(gk: GroupKind, name: string, fieldErrors: readonly FieldError[]): ApiError;
  badRequest(message: string): ApiError;
  unauthorized(message?: string): ApiError;
  forbidden(gr: GroupResource, name: string, message: string): ApiError;
  methodNotSupported(gr: GroupResource, action: string): ApiError;
  gone(message: string): ApiError;
  resourceExpired(message: string): ApiError;
  tooManyRequests(message: string, retryAfterSeconds: number): ApiError;
  timeout(message: string, retryAfterSeconds?: number): ApiError;
  serverTimeout(gr: GroupResource, operation: string, retryAfterSeconds?: number): ApiError;
  serviceUnavailable(message: string): ApiError;
  internalError(cause: unknown): ApiError;
  requestEntityTooLarge(message?: string): ApiError;
  /** `supported` in the order that the message lists them. */
  unsupportedMediaType(contentType: string, supported: readonly string[]): ApiError;
  notAcceptable(supported: readonly string[]): ApiError;
  genericNotFound(): ApiError;
};
/** The Status of anything that was thrown: an ApiError's own, else 500 InternalError with the message and no stack. */
export declare function statusOf(err: unknown): Status;
/** The body of a delete that answers with a Status. */
export declare function successStatus(details?: StatusDetails): Status;
