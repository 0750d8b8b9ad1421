import type { Readable, Writable } from "node:stream";

/** What a terminal's keys ask for. */
export type TerminalInput = { readonly kind: "line"; readonly text: string } | { readonly kind: "interrupt" };

const interrupt = "\x03";
const endOfInput = "\x04";
const erase = new Set(["\x7f", "\b"]);
/** A line longer than this is cut: nobody types it. */
const lineLengthMax = 4096;

/** The lines that are typed on a terminal, which shows them as they are typed; without one, the lines of a stream. */
export async function* readLines(stdin: Readable, echo?: (text: string) => void): AsyncGenerator<TerminalInput> {
  let line = "";
  for await (const chunk of stdin) {
    for (const char of String(chunk)) {
      if (char === "\n" || (echo !== undefined && char === "\r")) {
        echo?.("\r\n");
        yield { kind: "line", text: line };
        line = "";
      } else if (echo === undefined) line += char;
      else if (char === interrupt) {
        echo("^C\r\n");
        line = "";
        yield { kind: "interrupt" };
      } else if (char === endOfInput) {
        if (line === "") return;
      } else if (erase.has(char)) {
        if (line !== "") echo("\b \b");
        line = line.slice(0, -1);
      } else if (line.length < lineLengthMax) {
        line += char;
        echo(char);
      }
    }
  }
  if (line !== "") yield { kind: "line", text: line };
}

/** Prints to a stream; a terminal wants its line ends complete. */
export function printerTo(stream: Writable | undefined, isTerminal: boolean): (text: string) => void {
  return (text) => {
    if (text !== "" && stream?.writable === true) stream.write(isTerminal ? text.replace(/\r?\n/g, "\r\n") : text);
  };
}
