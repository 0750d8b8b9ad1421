/** A service of the cluster, as webhooks, conversions and API services name it. */
export interface ServiceReference {
  readonly namespace?: string;
  readonly name?: string;
  /** Default 443. */
  readonly port?: number;
  readonly path?: string;
}

/** Whom to call: exactly one of url and service. The shape of `clientConfig` of webhooks and conversions. */
export interface ServiceTarget {
  readonly url?: string;
  readonly service?: ServiceReference;
  /** PEM in base64; without it the system's authorities count. */
  readonly caBundle?: string;
  readonly insecureSkipTLSVerify?: boolean;
}

/** How the API server tells a server who it is. */
export interface Credentials {
  /** PEM. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
}

/** A target as it is called, before it is known where it is. */
export interface Address {
  /** `https://host:port`, without a path. */
  readonly origin: string;
  /** Host header: `name.namespace.svc:443`. */
  readonly authority: string;
  /** What the certificate is made out to. */
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  readonly service?: ServiceReference;
}

export const defaultServicePort = 443;

/** @throws Error for a target that names neither or no HTTPS. */
export function addressOf({ url, service }: ServiceTarget): Address {
  if (service !== undefined) {
    const { namespace = "", name = "", port = defaultServicePort, path = "" } = service;
    const serverName = `${name}.${namespace}.svc`;
    const authority = `${serverName}:${port}`;
    const slashed = path.startsWith("/") ? path : `/${path}`;
    return { origin: `https://${authority}`, authority, serverName, host: serverName, port, path: slashed, service };
  }
  if (url === undefined || url === "") throw new Error("webhook configuration must have either service or URL");
  const parsed = URL.parse(url);
  if (parsed === null || parsed.protocol !== "https:") throw new Error(`Unparsable webhook URL: ${url}`);
  const { host: authority, hostname, port, pathname, search } = parsed;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    origin: `https://${authority}`,
    authority,
    serverName: host,
    host,
    port: port === "" ? defaultServicePort : Number(port),
    path: pathname + search,
  };
}
