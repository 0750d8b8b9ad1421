import type { Io, ShellWorld } from "./world.ts";

const curlFailed = 22;

/**
 * `curl` and `wget`: they print what a simulated pod answers that is asked by its address. Of all others nothing is known,
 * so they are taken to be there and to say nothing, as for other clients.
 */
export function request(name: string, args: readonly string[], io: Io, world: ShellWorld): number {
  const url = args.map(urlOf).find((found) => found !== undefined);
  const answer = url === undefined ? undefined : world.ask?.(url, bodyOf(args));
  if (answer === undefined) return 0;
  const isFailure = answer.status >= 400;
  if (name === "wget") {
    if (isFailure) io.printError(`wget: server returned error: HTTP/1.1 ${answer.status}\n`);
    else if (args.some((arg, i) => /^-[a-zA-Z]*O-$/.test(arg) || (/^-[a-zA-Z]*O$/.test(arg) && args[i + 1] === "-")))
      io.print(answer.text);
    return isFailure ? 1 : 0;
  }
  if (isFailure && args.some((arg) => arg === "--fail" || /^-[a-zA-Z]*f[a-zA-Z]*$/.test(arg))) return curlFailed;
  io.print(answer.text);
  return 0;
}

/** What is sent along: `--post-data=TEXT`, `-d TEXT`. */
function bodyOf(args: readonly string[]): string | undefined {
  const flag = /^(?:--post-data|--data(?:-raw|-binary)?|-d)(?:=(.*))?$/s;
  const at = args.findIndex((arg) => flag.test(arg));
  return at < 0 ? undefined : (flag.exec(args[at] ?? "")?.[1] ?? args[at + 1]);
}

function urlOf(text: string): URL | undefined {
  const isAddress = /^(https?:\/\/)?(\d+\.){3}\d+(:\d+)?(\/|$)/.test(text);
  return isAddress ? (URL.parse(text.includes("://") ? text : `http://${text}`) ?? undefined) : undefined;
}
