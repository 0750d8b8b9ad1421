/** Whether a call of the operating system failed with one of these codes (`ENOENT`, ...). */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** For `catch`: what is not there is undefined. */
export function undefinedIfAbsent(error: unknown): undefined {
  if (hasCode(error, "ENOENT")) return undefined;
  throw error;
}
