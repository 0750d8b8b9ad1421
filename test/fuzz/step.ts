import type { Node } from "./document.ts";
import { write } from "./document.ts";

/** One request of a case. */
export interface Step {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A document is written as JSON text: it can be made smaller while it still fails. */
  readonly body?: Node | Buffer;
}

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

export function bytesOf(step: Step): Buffer {
  if (step.body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(step.body) ? step.body : Buffer.from(write(step.body));
}

/** The step as somebody would repeat it by hand. */
export function describeStep(step: Step): string {
  const body = bytesOf(step);
  const text = body.toString();
  const shown = Buffer.from(text).equals(body) ? text : `base64:${body.toString("base64")}`;
  const cut = shown.length > 4000 ? `${shown.slice(0, 4000)}… (${body.length} bytes)` : shown;
  const headers = Object.entries(step.headers).map(([name, value]) => `${name}: ${value}`);
  return [`${step.method} ${step.url.length > 500 ? `${step.url.slice(0, 500)}…` : step.url}`, ...headers, cut].join(
    "\n    ",
  );
}
