import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type Host, TimeoutError, withTimeout } from "../../../host/index.ts";
import type { Store } from "../../../store/index.ts";
import { dial, dialText } from "../../dial/index.ts";
import { ServiceResolver, type ServiceRouting } from "./service-resolver.ts";
import { type Address, addressOf, type Credentials, type ServiceTarget } from "./target.ts";

export interface ServiceClientOptions {
  readonly host: Host;
  readonly store: Store;
  /** How services of the cluster are reached. Default: at a ready endpoint. */
  readonly routing?: ServiceRouting;
  /** Pods of this process, which open no port; undefined for other addresses. */
  readonly dialPod?: (ip: string, port: number) => Promise<Duplex> | undefined;
  /** By the server's name and port as a kubeconfig of webhooks names them: `name.namespace.svc:443`, `host:port`. */
  readonly credentials?: (serverName: string, port: number) => Credentials | undefined;
}

export interface ServiceRequest {
  /** Default POST. */
  readonly method?: string;
  /** Path and query; default: the target's. */
  readonly path?: string;
  /** Added to the path's own. */
  readonly query?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly signal?: AbortSignal;
}

export interface BoundedRequest extends ServiceRequest {
  readonly timeoutMs: number;
  /** Default 64 MiB. */
  readonly answerBytesMax?: number;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A call got no answer; the message is the original's: `Post "https://…": why`. */
export class CallError extends Error {
  override readonly name = "CallError";
  /** The time given was up. */
  readonly isTimeout: boolean;

  constructor(message: string, isTimeout: boolean, cause: unknown) {
    super(message, { cause });
    this.isTimeout = isTimeout;
  }
}

const answerBytesMaxDefault = 64 * 1024 * 1024;
const freeConnectionsMax = 25;
const idleMs = 90_000;

/** Calls servers over HTTPS, inside the cluster and outside of it. Connections are kept and used again. */
export class ServiceClient {
  readonly #options: ServiceClientOptions;
  readonly #resolver: ServiceResolver;
  readonly #agent: Agent;
  readonly #others: ServiceClient[] = [];

  constructor(options: ServiceClientOptions) {
    this.#options = options;
    const { store, routing, host } = options;
    this.#resolver = new ServiceResolver({ store, routing, random: host.random });
    this.#agent = new DialingAgent((tls) => this.#dial(tls));
  }

  /** One request and its whole answer, whatever its status. @throws CallError */
  async call(target: ServiceTarget, request: BoundedRequest): Promise<ServiceAnswer> {
    const { timeoutMs, answerBytesMax = answerBytesMaxDefault } = request;
    const address = addressOf(target);
    const work = async (signal: AbortSignal): Promise<ServiceAnswer> => {
      const answer = await this.#send(target, address, { ...request, signal });
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: await readBody(answer, answerBytesMax) };
    };
    try {
      return await withTimeout(this.#options.host.clock, timeoutMs, work, request.signal);
    } catch (error) {
      throw callError(address, request, error);
    }
  }

  /** One request and its answer as it begins; the caller reads the body or destroys it. @throws CallError */
  async open(target: ServiceTarget, request: ServiceRequest): Promise<IncomingMessage> {
    const address = addressOf(target);
    try {
      return await this.#send(target, address, request);
    } catch (error) {
      throw callError(address, request, error);
    }
  }

  /** A connection of its own with TLS, for upgrades; the caller ends it. @throws DialError, ApiError */
  connect(target: ServiceTarget): Promise<Duplex> {
    const address = addressOf(target);
    return this.#dial({ ...this.#tls(target, address), address });
  }

  /** The same client, known to servers by these credentials; closed with this one. */
  as(credentials: ServiceClientOptions["credentials"]): ServiceClient {
    const made = new ServiceClient({ ...this.#options, credentials });
    this.#others.push(made);
    return made;
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.#agent.destroy();
    for (const other of this.#others) other.close();
  }

  async #send(target: ServiceTarget, address: Address, request: ServiceRequest): Promise<IncomingMessage> {
    try {
      return await this.#sendOnce(target, address, request);
    } catch (error) {
      // The server closed a kept connection just when it was taken: the request has not been read.
      if (error instanceof StaleConnection && !request.signal?.aborted) return this.#sendOnce(target, address, request);
      throw error;
    }
  }

  #sendOnce(target: ServiceTarget, address: Address, request: ServiceRequest): Promise<IncomingMessage> {
    const { method = "POST", headers, body, signal } = request;
    const { host, port, authority, serverName } = address;
    const credentials = this.#options.credentials?.(serverName, port);
    return new Promise((resolve, reject) => {
      const sent = httpsRequest({
        ...this.#tls(target, address),
        // A part of what connections are kept by, and what the agent dials.
        ...{ host, port, address },
        agent: this.#agent,
        method,
        path: pathOf(address, request),
        headers: { host: authority, ...authorization(credentials), ...headers },
        signal,
      });
      sent.once("response", resolve);
      sent.once("error", (error: NodeJS.ErrnoException) =>
        reject(sent.reusedSocket && error.code === "ECONNRESET" ? new StaleConnection() : error),
      );
      // Nobody asked for another protocol.
      sent.once("upgrade", (_answer, socket) => {
        socket.destroy();
        reject(new Error("unexpected upgrade of the connection"));
      });
      sent.end(body);
    });
  }

  #tls({ caBundle, insecureSkipTLSVerify }: ServiceTarget, { serverName, port }: Address): ConnectionOptions {
    const { cert, key } = this.#options.credentials?.(serverName, port) ?? {};
    const ca = caBundle ? Buffer.from(caBundle, "base64").toString() : undefined;
    // An address is not sent as a name; the certificate is checked against where the connection goes.
    const servername = isIP(serverName) === 0 ? serverName : "";
    return { ca, cert, key, servername, rejectUnauthorized: insecureSkipTLSVerify !== true };
  }

  async #dial({ address, ...tls }: DialOptions): Promise<Duplex> {
    const { host, port } = address.service === undefined ? address : await this.#resolver.resolve(address.service);
    const inProcess = await this.#options.dialPod?.(host, port);
    if (inProcess === undefined) return dial(host, port, { ...tls, host, port });
    return secured(inProcess, host, port, tls);
  }
}

class StaleConnection extends Error {
  override readonly name = "StaleConnection";

  constructor() {
    super("EOF");
  }
}

type DialOptions = ConnectionOptions & { readonly address: Address };

/** Keeps connections by everything that makes them alike, and finds out where a service is only for new ones. */
class DialingAgent extends Agent {
  readonly #connect: (options: DialOptions) => Promise<Duplex>;

  constructor(connect: (options: DialOptions) => Promise<Duplex>) {
    super({ keepAlive: true, maxFreeSockets: freeConnectionsMax, timeout: idleMs });
    this.#connect = connect;
  }

  override createConnection(...[options, done]: Parameters<Agent["createConnection"]>): undefined {
    const { address, servername, ca, cert, key, rejectUnauthorized } = options as unknown as DialOptions;
    this.#connect({ address, servername, ca, cert, key, rejectUnauthorized }).then(
      (socket) => done?.(null, socket),
      // The type wants a socket beside the error; it is not read.
      (error: Error) => (done as ((error: Error) => void) | undefined)?.(error),
    );
    return undefined;
  }
}

function secured(socket: Duplex, host: string, port: number, tls: ConnectionOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const encrypted = connectTls({ ...tls, socket });
    encrypted.once("secureConnect", () => resolve(encrypted));
    encrypted.once("error", (error: NodeJS.ErrnoException) => {
      socket.destroy();
      reject(new Error(dialText(host, port, error)));
    });
  });
}

function pathOf(address: Address, { path = address.path, query }: ServiceRequest): string {
  if (!query) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

function authorization({ token, username, password }: Credentials = {}): OutgoingHttpHeaders {
  if (token) return { authorization: `Bearer ${token}` };
  if (!username) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}` };
}

async function readBody(answer: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    const bytes: Buffer = chunk;
    length += bytes.length;
    if (length > bytesMax) {
      answer.destroy();
      throw new Error(`the answer is larger than ${bytesMax} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}

function callError(address: Address, request: ServiceRequest, error: unknown): CallError {
  const { method = "POST" } = request;
  const isTimeout = error instanceof TimeoutError;
  const why = isTimeout ? "context deadline exceeded" : error instanceof Error ? error.message : String(error);
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  const url = JSON.stringify(address.origin + pathOf(address, request));
  return new CallError(`${verb} ${url}: ${why}`, isTimeout, error);
}
