import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { Client, type ClientDuplexStream, credentials, Metadata, type MethodDefinition, status } from "@grpc/grpc-js";
import { serviceDefinition } from "../../grpc/index.ts";
import { type Clock, type Host, sleep } from "../../host/index.ts";
import { StoreError } from "../store.ts";
import { EtcdCallError, isTransient, wasNotSent } from "./errors.ts";
import { type EtcdService, etcdDescriptor, etcdServices } from "./etcd-api.ts";

/** PEM texts for https endpoints; the client's certificate and key come together. */
export interface EtcdTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How long one request waits for its answer before another endpoint is asked. */
const attemptMs = 5_000;
/** How long a request goes from endpoint to endpoint at most. */
const requestMs = 15_000;
/** As long as none has ever answered: an address that is wrong is told soon. */
const firstRequestMs = 5_000;
/** After all endpoints have refused: between rounds. */
const roundPauseMs = 100;
/** The original's: a connection without answer to a ping is given up. */
const keepaliveTimeMs = 30_000;
const keepaliveTimeoutMs = 10_000;

/**
 * "read": may be asked anywhere and again. "write": is asked again only when it certainly was not done, since a second
 * try could not be told from somebody else's change.
 */
export type Safety = "read" | "write";

type Method = MethodDefinition<object, object>;

/** One etcd cluster: its endpoints, of which one is used until it fails. */
export class EtcdConnection {
  readonly endpoints: readonly string[];
  readonly #clock: Clock;
  readonly #clients: Client[];
  readonly #methods = new Map<string, Method>();
  #current = 0;
  #hasAnswered = false;
  #closed = false;

  /** @throws StoreError for endpoints or certificates that cannot be used */
  constructor(host: Host, endpoints: readonly string[], tls: EtcdTls) {
    this.#clock = host.clock;
    this.endpoints = endpoints;
    this.#clients = endpoints.map((endpoint) => clientOf(endpoint, tls));
    const descriptor = etcdDescriptor();
    for (const service of etcdServices) {
      const definition = serviceDefinition(descriptor, `etcdserverpb.${service}`, { int64: "number" });
      for (const [name, method] of Object.entries(definition)) this.#methods.set(`${service}/${name}`, method);
    }
  }

  /** @throws EtcdCallError */
  async call<Answer>(service: EtcdService, name: string, request: object, safety: Safety): Promise<Answer> {
    const giveUpAtMs = this.#clock.now() + (this.#hasAnswered ? requestMs : firstRequestMs);
    for (let failures = 1; ; failures++) {
      const at = this.#current;
      try {
        const answer = await this.#unary(at, this.#method(service, name), request);
        this.#hasAnswered = true;
        return answer as Answer;
      } catch (error) {
        const again = safety === "read" ? isTransient(error) : wasNotSent(error);
        if (isTransient(error)) this.moveOnFrom(at);
        const isOver = this.#clock.now() >= giveUpAtMs && failures >= this.#clients.length;
        if (!again || this.#closed || isOver) throw error;
      }
      if (failures % this.#clients.length === 0) await sleep(this.#clock, roundPauseMs);
    }
  }

  /** The watch stream on the present endpoint, and the number that moveOnFrom wants when it fails. */
  openWatch(): { stream: ClientDuplexStream<object, object>; at: number; endpoint: string } {
    const at = this.#current;
    const { path, requestSerialize, responseDeserialize } = this.#method("Watch", "Watch");
    const metadata = new Metadata();
    metadata.set("hasleader", "true"); // a member that has lost the others must end the stream
    const stream = this.#client(at).makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, {});
    return { stream, at, endpoint: this.endpoints[at] ?? "" };
  }

  /** The next endpoint is used from now on, unless somebody else has moved on already. */
  moveOnFrom(at: number): void {
    if (this.#current === at) this.#current = (at + 1) % this.#clients.length;
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  #client(at: number): Client {
    const client = this.#clients[at];
    if (client === undefined) throw new Error(`there is no etcd endpoint ${at}`);
    return client;
  }

  #method(service: EtcdService, name: string): Method {
    const method = this.#methods.get(`${service}/${name}`);
    if (method === undefined) throw new Error(`etcd has no method ${service}/${name}`);
    return method;
  }

  #unary(at: number, method: Method, request: object): Promise<object> {
    const endpoint = this.endpoints[at] ?? "";
    return new Promise((resolve, reject) => {
      const call = this.#client(at).makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        (error, answer) => {
          timer.cancel();
          if (answer !== undefined && error === null) resolve(answer);
          else {
            const { code = status.UNKNOWN, details = "no answer" } = error ?? {};
            const text = timedOut ? `no answer in ${attemptMs} ms` : details;
            reject(new EtcdCallError(endpoint, method.path, timedOut ? status.DEADLINE_EXCEEDED : code, text));
          }
        },
      );
      let timedOut = false;
      const timer = this.#clock.setTimer(attemptMs, () => {
        timedOut = true;
        call.cancel();
      });
    });
  }
}

function clientOf(endpoint: string, tls: EtcdTls): Client {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw new StoreError(`--etcd-servers: ${endpoint} is no URL such as https://127.0.0.1:2379`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new StoreError(`--etcd-servers: ${endpoint} begins neither with http:// nor with https://`);
  }
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const channel = url.protocol === "http:" ? credentials.createInsecure() : secured(tls, name);
  return new Client(`${url.hostname}:${port}`, channel, {
    ...(isIP(name) && { "grpc.ssl_target_name_override": serverNameOfAddresses }),
    "grpc.max_receive_message_length": -1, // a page of large objects
    "grpc.max_send_message_length": -1, // etcd says what is too large
    "grpc.keepalive_time_ms": keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.enable_http_proxy": 0,
    "grpc.use_local_subchannel_pool": 1,
  });
}

/** TLS takes no address for the name of a server, and gRPC none for nothing: the certificate is compared with the address. */
const serverNameOfAddresses = "etcd";

function secured({ ca, cert, key }: EtcdTls, name: string) {
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  try {
    const checkAddress = isIP(name) ? { checkServerIdentity: identityOf(name) } : {};
    return credentials.createSsl(bytes(ca), bytes(key), bytes(cert), checkAddress);
  } catch (error) {
    throw new StoreError(`the certificates for etcd cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}

function identityOf(address: string) {
  return (_: string, certificate: PeerCertificate) => checkServerIdentity(address, certificate);
}
