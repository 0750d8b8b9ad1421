import { readFileSync } from "node:fs";
import { type RequestOptions as HttpOptions, request as httpRequest } from "node:http";
import { type RequestOptions as HttpsOptions, request as httpsRequest } from "node:https";
import type { Clock } from "../../host/index.ts";
import type { ExtenderTLSConfig } from "../config/configuration.ts";

export interface PostOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly tls: HttpsOptions;
}

/** Sends an object as JSON and gives the JSON of the answer. @throws for anything but 200, and when it takes too long. */
export async function postJson(url: URL, body: unknown, { clock, timeoutMs, tls }: PostOptions): Promise<unknown> {
  const aborting = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => aborting.abort());
  try {
    const text = await send(url, JSON.stringify(body), { signal: aborting.signal, ...tls });
    return JSON.parse(text);
  } catch (error) {
    if (aborting.signal.aborted) throw new Error(`Post "${url}": context deadline exceeded`, { cause: error });
    throw error;
  } finally {
    timer.cancel();
  }
}

function send(url: URL, body: string, options: HttpOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const sent = request(url, { ...options, method: "POST", headers }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("error", reject);
    answer.on("end", () => {
      if (answer.statusCode === 200) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(`failed ${verbOf(url)} with extender at URL ${url}, code ${answer.statusCode}`));
    });
  });
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

function verbOf({ pathname }: URL): string {
  return pathname.slice(pathname.lastIndexOf("/") + 1);
}

/** The TLS options of a configuration; without an authority of its own, HTTPS is not verified, as the original has it. */
export function tlsOptions(enableHTTPS: boolean, tls: ExtenderTLSConfig = {}): HttpsOptions {
  const ca = pem(tls.caData, tls.caFile);
  const cert = pem(tls.certData, tls.certFile);
  const key = pem(tls.keyData, tls.keyFile);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tls.serverName && { servername: tls.serverName }),
    ...((tls.insecure || (enableHTTPS && !ca)) && { rejectUnauthorized: false }),
  };
}

function pem(base64: string | undefined, file: string | undefined): Buffer | undefined {
  if (base64) return Buffer.from(base64, "base64");
  return file ? readFileSync(file) : undefined;
}
