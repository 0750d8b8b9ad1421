import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, isValidPortNum } from "../../meta/index.ts";

/** Where a webhook is called: a URL, or a service of the cluster. */
export interface ClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly path?: string;
    readonly port?: number;
  };
}

const servicePortDefault = 443;
const urlForm = "; desired format: https://host[/path]";

export function defaultClientConfig(config: { service?: { port?: number } } | undefined): void {
  if (config?.service) config.service.port ??= servicePortDefault;
}

export function checkClientConfig(config: ClientConfig | undefined, path: FieldPath, out: FieldError[]): void {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) {
    out.push(fieldError.required(path, "exactly one of url or service is required"));
  } else if (url !== undefined) checkURL(url, path.child("url"), out);
  else if (service) checkService(service, path.child("service"), out);
}

const urlParts = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/is;

function checkURL(url: string, path: FieldPath, out: FieldError[]): void {
  const problem = unparsable(url);
  if (problem !== undefined) {
    out.push(fieldError.required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: ${problem}${urlForm}`));
    return;
  }
  const [, scheme = "", authority = "", query = "", fragment = ""] = urlParts.exec(url) ?? [];
  const at = authority.lastIndexOf("@");
  if (scheme.toLowerCase() !== "https") {
    out.push(fieldError.invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${urlForm}`));
  }
  if (authority.slice(at + 1) === "") out.push(fieldError.invalid(path, "", `host must be specified${urlForm}`));
  if (at >= 0) {
    out.push(fieldError.invalid(path, authority.slice(0, at), "user information is not permitted in the URL"));
  }
  if (fragment) out.push(fieldError.invalid(path, fragment, "fragments are not permitted in the URL"));
  if (query) out.push(fieldError.invalid(path, query, "query parameters are not permitted in the URL"));
}

/** What the original's parser says of texts that are no URL at all. */
function unparsable(url: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that no URL may have
  if (/[\u0000-\u001f\u007f]/.test(url)) return "net/url: invalid control character in URL";
  if (url.startsWith(":")) return "missing protocol scheme";
  const badEscape = /%(?![0-9a-f]{2}).{0,2}/is.exec(url.split("?")[0] ?? "");
  if (badEscape) return `invalid URL escape ${JSON.stringify(badEscape[0])}`;
  const colon = url.split("/")[0]?.indexOf(":") ?? -1;
  if (colon > 0 && !/^[a-z][a-z0-9+.-]*$/i.test(url.slice(0, colon))) {
    return "first path segment in URL cannot contain colon";
  }
  const [, , authority = ""] = urlParts.exec(url) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const port = /:([^\]:]*)$/.exec(host)?.[1];
  if (port && !/^\d+$/.test(port)) return `invalid port ${JSON.stringify(`:${port}`)} after host`;
  return undefined;
}

/** The original hands name and namespace over in the wrong order, so that each is missed under the other's name. */
function checkService(service: NonNullable<ClientConfig["service"]>, path: FieldPath, out: FieldError[]): void {
  checkServiceReference({ ...service, name: service.namespace, namespace: service.name }, path, out);
}

export function checkServiceReference(
  { name, namespace, path: urlPath, port = 0 }: NonNullable<ClientConfig["service"]>,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!name) out.push(fieldError.required(path.child("name"), ""));
  if (!namespace) out.push(fieldError.required(path.child("namespace"), ""));
  const messages = isValidPortNum(port);
  if (messages.length > 0) {
    out.push(fieldError.invalid(path.child("port"), port, `port is not valid: ${messages.join(", ")}`));
  }
  if (urlPath !== undefined) checkURLPath(urlPath, path.child("path"), out);
}

function checkURLPath(urlPath: string, path: FieldPath, out: FieldError[]): void {
  if (urlPath === "/" || urlPath === "") return;
  if (urlPath === "//") {
    out.push(fieldError.invalid(path, urlPath, "segment[0] may not be empty"));
    return;
  }
  if (!urlPath.startsWith("/")) out.push(fieldError.invalid(path, urlPath, "must start with a '/'"));
  const inner = urlPath.slice(1).replace(/\/$/, "");
  for (const [i, segment] of inner.split("/").entries()) {
    if (segment === "") {
      out.push(fieldError.invalid(path, urlPath, `segment[${i}] may not be empty`));
      continue;
    }
    for (const message of isDNS1123Subdomain(segment)) {
      out.push(fieldError.invalid(path, urlPath, `segment[${i}]: ${message}`));
    }
  }
}
