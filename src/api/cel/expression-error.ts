/** An expression could not be evaluated; the message is the original's. */
export class ExpressionError extends Error {
  override readonly name: string = "ExpressionError";
}
