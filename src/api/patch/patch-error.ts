import { ApiError, type StatusDetails, type StatusReason } from "../meta/index.ts";

function failure(
  code: number,
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  cause?: unknown,
): ApiError {
  return new ApiError(
    {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details && { details }),
      code,
    },
    { cause },
  );
}

/**
 * A patch that is well-formed but does not fit the object. The original tells the client no more than this; what
 * exactly did not fit is the error's cause.
 */
export function inapplicable(cause: string): ApiError {
  const message = "the server rejected our request due to an error in our request";
  return failure(422, "Invalid", message, {}, new Error(cause));
}

/** What the original reports as a plain error, without a reason: code 500 and the bare message. */
export function plainFailure(message: string): ApiError {
  return failure(500, "", message);
}
