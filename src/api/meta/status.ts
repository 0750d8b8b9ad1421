import { errorBody, errorMessage, type FieldError } from "./field-error.ts";
import { type GroupKind, type GroupResource, groupKindString, groupResourceString, type ListMeta } from "./object.ts";

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

/** The only kind of error that crosses the API boundary. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? "", options);
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): StatusReason {
    return this.status.reason ?? "";
  }
}

export function isApiError(err: unknown): err is ApiError {
  return err instanceof ApiError;
}

export function isReason(err: unknown, reason: StatusReason): err is ApiError {
  return err instanceof ApiError && err.reason === reason;
}

function failure(
  code: number,
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  options?: ErrorOptions,
): ApiError {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason };
  if (details !== undefined) status.details = details;
  status.code = code;
  return new ApiError(status, options);
}

/** Details of one object; empty fields are left out, as on the wire. */
function objectDetails(name: string, group: string, kind: string): StatusDetails {
  const details: StatusDetails = {};
  if (name !== "") details.name = name;
  if (group !== "") details.group = group;
  if (kind !== "") details.kind = kind;
  return details;
}

function resourceDetails(gr: GroupResource, name = ""): StatusDetails {
  return objectDetails(name, gr.group, gr.resource);
}

/** One message as it is, several distinct ones in brackets. */
function aggregate(fieldErrors: readonly FieldError[]): string {
  const messages = [...new Set(fieldErrors.map(errorMessage))];
  return messages.length === 1 ? (messages[0] ?? "") : `[${messages.join(", ")}]`;
}

function toCause(error: FieldError): StatusCause {
  return { reason: error.type, message: errorBody(error), field: error.field };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The largest request body that the API server takes, in bytes. */
const bodyBytesMax = 3 * 1024 * 1024;

/** The errors of the API with the original's codes, reasons, messages and details. */
export const errors = {
  notFound(gr: GroupResource, name: string): ApiError {
    return failure(404, "NotFound", `${groupResourceString(gr)} "${name}" not found`, resourceDetails(gr, name));
  },

  alreadyExists(gr: GroupResource, name: string): ApiError {
    const message = `${groupResourceString(gr)} "${name}" already exists`;
    return failure(409, "AlreadyExists", message, resourceDetails(gr, name));
  },

  conflict(gr: GroupResource, name: string, message: string): ApiError {
    const text = `Operation cannot be fulfilled on ${groupResourceString(gr)} "${name}": ${message}`;
    return failure(409, "Conflict", text, resourceDetails(gr, name));
  },

  /** The conflict of server-side apply, with one cause for each field that another manager owns. */
  applyConflict(causes: StatusCause[], message: string): ApiError {
    return failure(409, "Conflict", message, { causes });
  },

  invalid(gk: GroupKind, name: string, fieldErrors: readonly FieldError[]): ApiError {
    const subject = `${groupKindString(gk)} "${name}" is invalid`;
    const message = fieldErrors.length === 0 ? subject : `${subject}: ${aggregate(fieldErrors)}`;
    const details = objectDetails(name, gk.group, gk.kind);
    if (fieldErrors.length > 0) details.causes = fieldErrors.map(toCause);
    return failure(422, "Invalid", message, details);
  },

  badRequest(message: string): ApiError {
    return failure(400, "BadRequest", message);
  },

  unauthorized(message = "Unauthorized"): ApiError {
    return failure(401, "Unauthorized", message);
  },

  forbidden(gr: GroupResource, name: string, message: string): ApiError {
    const resource = groupResourceString(gr);
    const subject = name === "" ? resource : `${resource} "${name}"`;
    const text = gr.resource === "" && name === "" ? `forbidden: ${message}` : `${subject} is forbidden: ${message}`;
    return failure(403, "Forbidden", text, resourceDetails(gr, name));
  },

  methodNotSupported(gr: GroupResource, action: string): ApiError {
    const message = `${action} is not supported on resources of kind "${groupResourceString(gr)}"`;
    return failure(405, "MethodNotAllowed", message, resourceDetails(gr));
  },

  gone(message: string): ApiError {
    return failure(410, "Gone", message);
  },

  /** The resource version or continue token is older than what is kept. */
  resourceExpired(message: string): ApiError {
    return failure(410, "Expired", message);
  },

  tooManyRequests(message: string, retryAfterSeconds: number): ApiError {
    return failure(429, "TooManyRequests", message, { retryAfterSeconds });
  },

  timeout(message: string, retryAfterSeconds = 0): ApiError {
    return failure(504, "Timeout", `Timeout: ${message}`, retryAfterSeconds > 0 ? { retryAfterSeconds } : {});
  },

  serverTimeout(gr: GroupResource, operation: string, retryAfterSeconds = 0): ApiError {
    const target = groupResourceString(gr);
    const message = `The ${operation} operation against ${target} could not be completed at this time, please try again.`;
    const details = resourceDetails(gr);
    if (retryAfterSeconds > 0) details.retryAfterSeconds = retryAfterSeconds;
    return failure(500, "ServerTimeout", message, details);
  },

  serviceUnavailable(message: string): ApiError {
    return failure(503, "ServiceUnavailable", message);
  },

  internalError(cause: unknown): ApiError {
    const message = messageOf(cause);
    return failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] }, { cause });
  },

  requestEntityTooLarge(message = `limit is ${bodyBytesMax}`): ApiError {
    return failure(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
  },

  /** A patch with a content type that no route takes: refused before the body is looked at. */
  unsupportedPatchType(): ApiError {
    return failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  },

  /** A body in a format that cannot be decoded; `accepted` in the order that the message lists them. */
  unsupportedMediaType(accepted: readonly string[]): ApiError {
    const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
    return failure(415, "UnsupportedMediaType", message);
  },

  /** No representation of the route fits the Accept header. */
  notAcceptable(available: readonly string[]): ApiError {
    const message = `406: Not Acceptable\n\nAvailable representations: ${available.join(", ")}`;
    return failure(406, "NotAcceptable", message, {});
  },

  /** The route offers the type, but this answer cannot be given in it (for example a Table of another version). */
  onlyAcceptable(accepted: readonly string[]): ApiError {
    const message = `only the following media types are accepted: ${accepted.join(", ")}`;
    return failure(406, "NotAcceptable", message);
  },

  /** A path that is no resource. */
  genericNotFound(): ApiError {
    return failure(404, "NotFound", "the server could not find the requested resource", {});
  },
} as const;

/** The Status of anything that was thrown: an ApiError's own, else a 500 with the message and without a stack. */
export function statusOf(err: unknown): Status {
  return (err instanceof ApiError ? err : errors.internalError(err)).status;
}

/** What a delete answers when the object is gone at once. */
export function successStatus(details?: StatusDetails): Status {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
  if (details !== undefined) status.details = details;
  return status;
}
