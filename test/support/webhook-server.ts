// An HTTPS server on loopback that answers AdmissionReviews, with a certificate that the API server can be told to trust.
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { CertificateAuthority } from "../../src/certificates/index.ts";
import { systemHost } from "../../src/host/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: reviews hold objects of every shape
type Json = any;

/** What a webhook says; without `allowed` it allows. */
export interface Verdict {
  readonly allowed?: boolean;
  readonly status?: object;
  /** Operations of a JSON patch. */
  readonly patch?: readonly object[];
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Record<string, string>;
}

/** Answers one request of a review; undefined never answers. */
export type Webhook = (request: Json) => Verdict | undefined | Promise<Verdict | undefined>;

const hour = 3_600_000;

export class WebhookServer {
  /** By path, which begins with a slash. */
  readonly hooks = new Map<string, Webhook>();
  /** What was asked, in order. */
  readonly asked: { readonly path: string; readonly query: string; readonly request: Json }[] = [];
  readonly port: number;
  /** In base64, as clientConfig takes it. */
  readonly caBundle: string;
  readonly #server: Server;

  private constructor(server: Server, port: number, caBundle: string) {
    this.#server = server;
    this.port = port;
    this.caBundle = caBundle;
  }

  /** @param names what its certificate is made out to, beside 127.0.0.1 */
  static async start(...names: string[]): Promise<WebhookServer> {
    const host = systemHost({ log: { level: "error" } });
    const notBefore = host.clock.now() - hour;
    const notAfter = notBefore + 2 * hour;
    const authority = CertificateAuthority.create("webhook-ca", notBefore, notAfter, host);
    const usage = "server" as const;
    const pair = authority.issue({
      commonName: "webhook",
      names: ["127.0.0.1", ...names],
      usage,
      notBefore,
      notAfter,
    });
    const server = createServer({ cert: pair.cert, key: pair.key });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const made = new WebhookServer(server, port, Buffer.from(authority.pair.cert).toString("base64"));
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        const [path = "", query = ""] = (request.url ?? "").split("?");
        const answer = await made.#answer(path, query, JSON.parse(Buffer.concat(chunks).toString()));
        if (answer === undefined) return;
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      });
    });
    return made;
  }

  /** By its address. */
  clientConfig(path: string): object {
    return { url: `https://127.0.0.1:${this.port}${path}`, caBundle: this.caBundle };
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(path: string, query: string, review: Json): Promise<object | undefined> {
    this.asked.push({ path, query, request: review.request });
    const verdict = await this.hooks.get(path)?.(review.request);
    if (verdict === undefined) return undefined;
    const { allowed = true, patch, ...rest } = verdict;
    const patches = patch && {
      patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
      patchType: "JSONPatch",
    };
    const { apiVersion, kind } = review;
    return { apiVersion, kind, response: { uid: review.request.uid, allowed, ...patches, ...rest } };
  }
}
