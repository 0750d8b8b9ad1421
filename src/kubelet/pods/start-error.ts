/** Why a container could not be started, as its waiting state says it. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
