/** What came of a call to the runtime, as the original tells users. */
export function rpcErrorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "Unknown";
  return `rpc error: code = ${code} desc = ${message}`;
}

/** The runtime's own words, without what the call adds: so the original tells why a container was not made or started. */
export function runtimeWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
