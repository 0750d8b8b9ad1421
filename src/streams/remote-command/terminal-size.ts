import type { Readable } from "node:stream";
import type { TerminalSize } from "./command.ts";

/** A terminal's size is some dozens of bytes; more without an end is none. */
const sizeBytesMax = 4096;

/** The sizes in a stream of JSON objects, one after the other; ends at the first that is none. */
export async function* readTerminalSizes(stream: Readable): AsyncGenerator<TerminalSize> {
  let text = "";
  for await (const chunk of stream) {
    text += String(chunk);
    for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
      const size = sizeOf(text.slice(0, end + 1));
      if (size === undefined) return;
      yield size;
      text = text.slice(end + 1);
    }
    if (text.length > sizeBytesMax) return;
  }
}

/** As it goes over the wire. */
export function terminalSizeText({ width, height }: TerminalSize): string {
  return `${JSON.stringify({ Width: width, Height: height })}\n`;
}

function sizeOf(json: string): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(json) as { Width?: unknown; Height?: unknown };
    return { width: Number(Width ?? 0), height: Number(Height ?? 0) };
  } catch {
    return undefined;
  }
}
