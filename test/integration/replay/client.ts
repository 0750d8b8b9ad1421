import { Agent, request } from "node:https";
import type { TestServer } from "../apiserver-http/test-server.ts";
import type { RecordedAnswer, Step } from "./recording.ts";

export interface Player {
  call(step: Step): Promise<RecordedAnswer>;
  close(): void;
}

const answerMsMax = 5000;

/** Sends recorded requests as the administrator, over a few connections that stay open. */
export function player({ listener, certificates }: TestServer): Player {
  const { cert, key } = certificates.admin;
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca: certificates.ca, cert, key });
  const call = (step: Step): Promise<RecordedAnswer> =>
    new Promise((resolve) => {
      const { method, path, ct = "application/json", accept = "application/json", body } = step;
      const text =
        body === undefined || body === null ? undefined : typeof body === "string" ? body : JSON.stringify(body);
      const bodyHeaders = text === undefined ? {} : { "content-type": ct, "content-length": Buffer.byteLength(text) };
      const headers = { accept, ...bodyHeaders };
      const sent = request({ host: "127.0.0.1", port: listener.port, method, path, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", () => resolve({ status: 0, warnings: [], body: null }));
        response.on("end", () => {
          const warnings = warningsOf(response.headers.warning);
          resolve({ status: response.statusCode ?? 0, warnings, body: parsed(Buffer.concat(chunks).toString()) });
        });
      });
      // A watch without an end has no answer to compare.
      sent.setTimeout(answerMsMax, () => sent.destroy());
      sent.on("error", () => resolve({ status: 0, warnings: [], body: null }));
      sent.end(text);
    });
  return { call, close: () => agent.destroy() };
}

function warningsOf(header: string | string[] | undefined): string[] {
  const lines = [header ?? []].flat();
  return lines.flatMap((line) => [...line.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text));
}

function parsed(text: string): RecordedAnswer["body"] {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
