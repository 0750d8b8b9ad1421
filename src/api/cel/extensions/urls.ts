import type { Environment } from "../library.ts";
import { type Register, registerClass } from "./register.ts";

/** An absolute URI or an absolute path, taken apart. */
class URLValue {
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(text: string, scheme: string, host: string, path: string, query: string) {
    this.text = text;
    this.scheme = scheme;
    this.host = host;
    this.path = path;
    this.query = query;
  }
}

const type = "kubernetes.URL";
const hasControl = /\p{Cc}/u;
const form = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:[^/?@]*@)?([^/?]*))?([^?]*)(?:\?(.*))?$/;

export function registerURLs(environment: Environment, register: Register): void {
  registerClass(environment, type, URLValue);
  environment.registerOperator(`${type} == ${type}`, (a: URLValue, b: URLValue) => a.text === b.text);
  register("isURL(string): bool", (text: string) => parse(text) !== undefined);
  register(`url(string): ${type}`, (text: string) => {
    const found = parse(text);
    if (found === undefined) {
      throw new Error(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
      );
    }
    return found;
  });
  register(`${type}.getScheme(): string`, ({ scheme }: URLValue) => scheme);
  register(`${type}.getHost(): string`, ({ host }: URLValue) => host);
  register(`${type}.getHostname(): string`, ({ host }: URLValue) =>
    host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1"),
  );
  register(`${type}.getPort(): string`, ({ host }: URLValue) => /:(\d*)$/.exec(host)?.[1] ?? "");
  register(`${type}.getEscapedPath(): string`, ({ path }: URLValue) => path);
  register(`${type}.getQuery(): map<string, list<string>>`, ({ query }: URLValue) => queryOf(query));
}

function parse(text: string): URLValue | undefined {
  const match = hasControl.test(text) ? null : form.exec(text.replace(/#.*$/s, ""));
  if (match === null) return undefined;
  const [, scheme = "", host = "", path = "", query = ""] = match;
  if (scheme === "" && !text.startsWith("/")) return undefined;
  // An opaque URI such as mailto:x@y has no path.
  if (!/^[^:/?]*:?\//.test(text)) return new URLValue(text, scheme.toLowerCase(), "", "", query);
  if (/%(?![0-9A-Fa-f]{2})/.test(path) || !/^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]\s]*)(?::\d*)?$/.test(host)) return undefined;
  return new URLValue(text, scheme.toLowerCase(), host, escapedPath(path), query);
}

function escapedPath(path: string): string {
  return path.replace(/[^\w\-.~!$&'()*+,;=:@/%]/gu, (character) => encodeURIComponent(character));
}

function queryOf(query: string): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) {
    const values = all.get(key);
    if (values === undefined) all.set(key, [value]);
    else values.push(value);
  }
  return all;
}
