/**
 * Why the other end of a call cannot be reached (`connect ENOENT /run/some.sock`), from the long text that the library
 * makes of it; undefined for calls that failed otherwise.
 */
export function whyUnreachable(details: string): string | undefined {
  if (!details.startsWith("No connection established")) return undefined;
  return /Last error: (?:Error: )?(.*?)\.? Resolution note:/.exec(details)?.[1] ?? "no connection could be made";
}
